import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GitopsError } from '../../model/errors.ts';

export interface HostKeyPins {
  /** Value of the option KnownHostsCommand (OpenSSH 8.5). */
  readonly command: string;
  /** Fingerprints that the server has shown, newest last. */
  offered(): Promise<readonly string[]>;
}

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;

/** Whether this is a fingerprint as ssh and the create task's log write it. */
export function isFingerprint(text: string): boolean {
  return FINGERPRINT.test(text);
}

/**
 * We know fingerprints, ssh wants keys: it asks this script for the known keys of a host and tells it the one the server
 * shows; the script says that key again when its fingerprint is pinned, and nothing otherwise. There is no first use that
 * would be trusted.
 *
 * @param directory private to us, its path of plain characters
 */
export async function pinHostKeys(directory: string, fingerprints: readonly string[]): Promise<HostKeyPins> {
  const wrong = fingerprints.find((fingerprint) => !isFingerprint(fingerprint));
  if (wrong !== undefined || fingerprints.length === 0) {
    throw new GitopsError(
      'bug',
      `Unable to pin host keys: ${wrong === undefined ? 'there are none' : `${wrong} is no SHA-256 fingerprint`}`,
    );
  }
  const script = join(directory, 'known-hosts');
  const offered = join(directory, 'offered');
  await writeFile(
    script,
    `# fingerprint, host, type and key of what the server shows; NONE when ssh only orders its algorithms
[ "$1" != NONE ] || exit 0
echo "$1" >>'${offered}'
case $1 in
${fingerprints.map((fingerprint) => `  '${fingerprint}') ;;`).join('\n')}
  *) exit 0 ;;
esac
echo "$2 $3 $4"
`,
    { mode: 0o600 },
  );
  return {
    // Through sh, so that it works where the directory is mounted without the right to execute.
    command: `/bin/sh ${script} %f %H %t %K`,
    async offered() {
      const text = await readFile(offered, 'utf8').catch(() => '');
      return text.split('\n').filter(isFingerprint);
    },
  };
}
