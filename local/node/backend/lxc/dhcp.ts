import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkInterface } from '../backend.ts';
import { usableResolver } from './guest-text.ts';
import type { HostChanger } from './host-changer.ts';
import { startDaemon } from './host-daemon.ts';
import type { HostNetwork } from './host-network.ts';
import type { Layout } from './layout.ts';
import { runningProcess } from './pid-file.ts';
import { hasProgram } from './programs.ts';

async function textOf(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}

/** dnsmasq as nothing but a DHCP server on one bridge; leases are at the far end of the network. */
export function dnsmasqCommand(
  network: HostNetwork,
  nameservers: readonly string[],
  pidFile: string,
  leases: string,
): readonly string[] {
  const far = network.gateway.replace(/\.\d+\.\d+$/, '.254');
  return [
    'dnsmasq',
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--port=0',
    '--no-ping',
    '--bind-interfaces',
    '--except-interface=lo',
    `--interface=${network.bridge}`,
    '--dhcp-authoritative',
    `--dhcp-range=${far}.1,${far}.254,12h`,
    `--dhcp-option=option:router,${network.gateway}`,
    ...(nameservers.length === 0 ? [] : [`--dhcp-option=option:dns-server,${nameservers.join(',')}`]),
    `--dhcp-leasefile=${leases}`,
    `--pid-file=${pidFile}`,
  ];
}

/** Runs a DHCP server on the bridge once a container wants an address from one. */
export async function serveDhcp(
  changer: HostChanger,
  layout: Layout,
  network: HostNetwork,
  interfaces: readonly NetworkInterface[],
): Promise<void> {
  if (interfaces.every(({ ip }) => ip !== 'dhcp')) return;
  const pidFile = join(layout.state, 'dnsmasq.pid');
  if ((await runningProcess(pidFile, pidFile)) !== undefined) return;
  if (!hasProgram('dnsmasq')) throw new Error('ip=dhcp needs dnsmasq on this machine: apt-get install dnsmasq-base');
  const { nameservers } = usableResolver(
    await textOf('/etc/resolv.conf'),
    await textOf('/run/systemd/resolve/resolv.conf'),
  );
  await changer.note({ kind: 'process', pidFile, mark: pidFile });
  const argv = dnsmasqCommand(network, nameservers, pidFile, join(layout.state, 'dnsmasq.leases'));
  const ready = async (): Promise<boolean> =>
    existsSync(pidFile) && (await runningProcess(pidFile, pidFile)) !== undefined;
  await startDaemon(argv, join(layout.state, 'dnsmasq.log'), ready);
}
