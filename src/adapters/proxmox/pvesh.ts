import type { Administration } from '../../model/administration.ts';
import { isGitopsError } from '../../model/errors.ts';
import type { Mask } from '../process/mask.ts';
import { runProcess } from '../process/run-process.ts';
import { administrationOf, type Send } from './administration.ts';
import { Failure } from './failure.ts';

const COMMANDS = { GET: 'get', POST: 'create', PUT: 'set', DELETE: 'delete' } as const;
const CALL_MS = 60_000;

/**
 * The same calls through Proxmox VE's own command, on a node as root: no login, no certificate. No secret is ever an
 * argument; the one that a new token has comes back on standard output.
 */
export function administrationByPvesh(mask: Mask): Administration {
  const send: Send = async (method, path, parameters, signal) => {
    const options = Object.entries(parameters).flatMap(([key, value]) => [`--${key}`, value]);
    const where = `/${path.join('/')}`;
    const { exitCode, stdout, stderr } = await runProcess({
      name: `pvesh ${COMMANDS[method]} ${where}`,
      file: 'pvesh',
      args: [COMMANDS[method], where, ...options, '--output-format', 'json'],
      timeoutMs: CALL_MS,
      signal,
    });
    if (exitCode === 0) return parse(stdout);
    const text =
      mask
        .apply(stderr)
        .trim()
        .split('\n')
        .filter((line) => line !== '')
        .at(-1) ?? '';
    throw new Failure({
      kind: 'answered',
      status: 500,
      text: text || `pvesh ended with ${exitCode}`,
      fields: {},
    });
  };
  return administrationOf(send);
}

/** Whether this machine has the command, which only a Proxmox VE node does. */
export async function hasPvesh(signal: AbortSignal): Promise<boolean> {
  try {
    await runProcess({ name: 'pvesh', file: 'pvesh', args: ['help'], timeoutMs: CALL_MS, signal });
    return true;
  } catch (error) {
    if (isGitopsError(error) && error.kind === 'host') return false;
    throw error;
  }
}

/** Calls that answer with nothing print nothing. */
function parse(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  try {
    return JSON.parse(trimmed);
  } catch (cause) {
    throw new Failure({ kind: 'garbled', status: 200, reason: 'pvesh printed no JSON' }, { cause });
  }
}
