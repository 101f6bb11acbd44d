import type { Call, Shell } from '../../model/ports.ts';

/** Lists and their index are most of what an installation in a new container waits for. Old ones are fetched again then. */
const REFRESH = `command -v apt-get >/dev/null || exit 0
[ -n "$(find /var/lib/apt/lists -name '*Packages*' -mmin -60 2>/dev/null)" ] || apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 update
apt-cache gencaches
`;

/** Package lists of today go into the image. Without a mirror it is one without lists. */
export async function refreshLists(shell: Shell, call: Call): Promise<void> {
  await shell.run({ name: 'fetch package lists', argv: ['sh', '-c', REFRESH] }, call);
}
