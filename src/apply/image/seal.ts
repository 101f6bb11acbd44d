import { GitopsError } from '../../model/errors.ts';
import type { Call, Shell } from '../../model/ports.ts';
import { BORROWED } from './own-keys.ts';

/**
 * What is a container's own leaves the image: machine-id, seeds, leases, logs. systemd waits in vain for a network that is
 * not networkd's, where its presets have switched that unit on.
 */
const SEAL = `set -eu
: >"$1"
systemctl is-enabled --quiet systemd-networkd.service 2>/dev/null || systemctl mask --quiet systemd-networkd-wait-online.service 2>/dev/null || true
rm -f /var/lib/dbus/machine-id /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
rm -f /var/lib/dhcp/*.leases /var/lib/dhcp/*.lease* /var/lib/dhcpcd/*.lease
rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*
rm -rf /var/log/journal/* /tmp/* /var/tmp/* /root/.bash_history /root/.cache
find /var/log -type f -exec truncate -s 0 {} +
: >/etc/machine-id
sync
`;

/** The last thing that runs in an image; it can run again. */
export async function seal(shell: Shell, vmid: number, call: Call): Promise<void> {
  const command = { name: 'seal the image', argv: ['sh', '-c', SEAL, 'sh', BORROWED] };
  const { exitCode, stderr } = await shell.run(command, call);
  if (exitCode === 0) return;
  const log = stderr.split('\n').slice(-5);
  throw new GitopsError('remote', `Unable to seal image ${vmid}: the script ended with exit code ${exitCode}`, { log });
}
