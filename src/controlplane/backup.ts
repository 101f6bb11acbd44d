import { GitopsError } from '../model/errors.ts';
import type { Call, Shell } from '../model/ports.ts';
import { DATA } from './site-config.ts';

/** What a shell hands on line by line, in two digits and a blank per byte: no secret that is masked looks like it. */
const BYTES_PER_LINE = 1024;

/** Programs are had again; `site` belongs to the place where it is restored. */
const TAKE = `
set -eu
cd ${DATA}
copy=$(mktemp -d ${DATA}/.backup-XXXXXX)
trap 'rm -rf "$copy"' EXIT
mkdir "$copy/gitea"
sqlite3 gitea/gitea.db ".backup '$copy/gitea/gitea.db'" >&2
chown --reference gitea/gitea.db "$copy/gitea/gitea.db"
tar --create --file "$copy/all.tar" --numeric-owner --exclude 'gitea/gitea.db*' --exclude runner/.cache --exclude secrets/curl \
  gitea runner secrets state site
tar --append --file "$copy/all.tar" --numeric-owner --directory "$copy" gitea/gitea.db
gzip "$copy/all.tar"
sha256sum "$copy/all.tar.gz" | cut -d ' ' -f 1 | sed 's/^/sum /'
od -An -v -tx1 -w${BYTES_PER_LINE} "$copy/all.tar.gz"
`;

/** Services stand still meanwhile; what configure.sh writes from it comes after. */
const PUT = `
set -eu
umask 077
work=$(mktemp -d ${DATA}/.restore-XXXXXX)
trap 'rm -rf "$work"' EXIT
tar --extract --gzip --numeric-owner --preserve-permissions --directory "$work"
[ -s "$work/gitea/gitea.db" ] && [ -s "$work/secrets/token" ]
systemctl stop gitea-runner gitea
for part in gitea runner secrets state; do
  rm -rf "${DATA}/$part"
  mv "$work/$part" "${DATA}/$part"
done
`;

export interface Backup {
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** Database, repositories, registration, secrets and keys of a control plane, as a tar.gz: whoever has it has the site. */
export async function takeBackup(shell: Shell, call: Call): Promise<Backup> {
  const chunks: Buffer[] = [];
  let sha256 = '';
  const command = {
    name: 'back up the control plane',
    argv: ['sh', '-c', TAKE],
    onLine(line: string, stream: 'stdout' | 'stderr') {
      if (stream === 'stderr') return;
      if (line.startsWith('sum ')) sha256 = line.slice(4);
      else chunks.push(Buffer.from(line.replaceAll(' ', ''), 'hex'));
    },
  };
  const { exitCode, stderr } = await shell.run(command, call);
  if (exitCode !== 0) throw new GitopsError('remote', `Unable to back up the control plane: ${lastLine(stderr)}`);
  return { sha256, bytes: Buffer.concat(chunks) };
}

/** Takes the place of all that the control plane holds. It has to be configured after it. */
export async function putBackup(shell: Shell, bytes: Uint8Array, call: Call): Promise<void> {
  const command = { name: 'restore the control plane', argv: ['sh', '-c', PUT], input: bytes };
  const { exitCode, stderr } = await shell.run(command, call);
  if (exitCode !== 0) throw new GitopsError('remote', `Unable to restore the control plane: ${lastLine(stderr)}`);
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
