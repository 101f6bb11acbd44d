import { isGitopsError } from '../../model/errors.ts';
import type { Call } from '../../model/ports.ts';
import { runProcess } from '../process/run-process.ts';

/** First line of `ssh -V`; undefined: there is no such program. */
export async function sshClientVersion({ timeoutMs, signal }: Call): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await runProcess({ name: 'ssh -V', file: 'ssh', args: ['-V'], timeoutMs, signal });
    return `${stderr}${stdout}`.split('\n')[0]?.trim() ?? '';
  } catch (error) {
    if (isGitopsError(error) && error.kind === 'host') return undefined;
    throw error;
  }
}
