import { GitopsError } from '../../model/errors.ts';
import type { Mark } from '../../model/mark.ts';
import type { Call, CommandResult, Shell } from '../../model/ports.ts';

/** In an image: whoever has this file still has the image's SSH host keys. */
export const BORROWED = '/etc/ssh/.pve-gitops-image';

/** Prints the fingerprints of the keys that the container will have. Called again, it finds what it has made. */
const MAKE = `set -eu
cd /etc/ssh
if [ -f "$1" ]; then
  mkdir -p -m 700 .pve-gitops-own
  for old in ssh_host_*_key; do
    kind=$(printf '%s' "$old" | sed 's/^ssh_host_//; s/_key$//')
    [ -f ".pve-gitops-own/$old.pub" ] && continue
    rm -f ".pve-gitops-own/$old"
    ssh-keygen -q -t "$kind" -N '' -C "root@$(hostname)" -f ".pve-gitops-own/$old" </dev/null &
  done
  wait
  cd .pve-gitops-own
fi
for key in ssh_host_*_key.pub; do ssh-keygen -l -E sha256 -f "$key" </dev/null; done
`;

/** The keys go before the file that says that they are borrowed: cut off in between, it is done once more. */
const USE = `set -eu
cd /etc/ssh
[ -f "$1" ] || exit 0
[ ! -d .pve-gitops-own ] || { mv -f .pve-gitops-own/ssh_host_* . 2>/dev/null || [ -z "$(ls .pve-gitops-own)" ]; rmdir .pve-gitops-own; }
rm -f "$1"
if systemctl is-active --quiet ssh.socket; then systemctl try-restart ssh.service; else systemctl reload-or-restart ssh.service; fi
`;

/**
 * A clone has the SSH host keys of its image, and every other clone of it has had them too. Over the first connection,
 * which is pinned to those, it makes its own. `remember` writes the mark: with both, as long as either may answer, before
 * the new ones are used. The answer is the new ones alone; the connection outlives the change.
 */
export async function ownHostKeys(
  shell: Shell,
  { vmid, known, call }: { readonly vmid: number; readonly known: readonly string[]; readonly call: Call },
  remember: (patch: Pick<Mark, 'hostKeys'>) => Promise<void>,
): Promise<string[]> {
  const run = async (name: string, script: string): Promise<CommandResult> => {
    const result = await shell.run({ name, argv: ['sh', '-c', script, 'sh', BORROWED] }, call);
    if (result.exitCode === 0) return result;
    const log = result.stderr.split('\n').slice(-5);
    throw new GitopsError('remote', `Unable to ${name} in container ${vmid}`, { log });
  };
  const { stdout } = await run('make SSH host keys', MAKE);
  const made = stdout.split('\n').flatMap((line) => /\b(SHA256:[A-Za-z0-9+/]+)/.exec(line)?.[1] ?? []);
  if (made.length === 0) {
    throw new GitopsError('remote', `Unable to make SSH host keys in container ${vmid}: there are none afterwards`);
  }
  await remember({ hostKeys: [...new Set([...known, ...made])] });
  await run('use the new SSH host keys', USE);
  return made;
}
