import { GitopsError } from '../../model/errors.ts';
import type { CommandResult, Shell } from '../../model/ports.ts';
import type { Seen } from '../../model/replacement.ts';
import { call, DEADLINES } from '../deadlines.ts';
import type { Memory, PromoteInput } from './context.ts';
import { note, notePromotion } from './notes.ts';

const READ = 'cd /etc/ssh && set -- ssh_host_*_key && [ -f "$1" ] && tar -cf - ssh_host_*_key* | base64';
/** Unpacked beside the others first: there is no moment without keys. */
const WRITE = [
  'set -e',
  'cd /etc/ssh',
  'rm -rf .pve-gitops && mkdir -m 700 .pve-gitops',
  'base64 -d | tar --no-same-owner -xpf - -C .pve-gitops',
  'ls .pve-gitops/ssh_host_*_key >/dev/null',
  'for old in ssh_host_*; do [ -e ".pve-gitops/$old" ] || rm -f "$old"; done',
  'mv -f .pve-gitops/ssh_host_* .',
  'rmdir .pve-gitops',
].join('\n');

/**
 * The live one's SSH host keys go into the candidate, so that whoever has pinned them is not warned. They pass through
 * this process and are never written anywhere else. Where they cannot be read, the candidate keeps its own.
 */
export async function carryKeys(
  input: PromoteInput,
  live: Seen | undefined,
  candidate: Seen,
  memory: Memory,
): Promise<string[]> {
  const { vmids } = input;
  const read = live === undefined ? 'it is gone' : await remember(input, live, memory);
  const { keys } = memory;
  if (keys === undefined || live === undefined) {
    await notePromotion(input, vmids.candidate, { keys: 'new' });
    return [`the SSH host keys are new, because those of container ${vmids.live} could not be read: ${read ?? ''}`];
  }
  // sshd has its own ones in memory until it starts again.
  const both = [...new Set([...live.mark.hostKeys, ...candidate.mark.hostKeys])];
  await note(input, vmids.candidate, (mark) => ({ ...mark, hostKeys: both }));
  const shell = await input.candidate.shell(candidate);
  const result = await run(input, shell, 'write host keys', WRITE, new TextEncoder().encode(keys));
  if (result.exitCode !== 0) {
    throw new GitopsError('remote', `Unable to write the SSH host keys into candidate ${vmids.candidate}`, {
      log: result.stderr.split('\n').slice(-5),
    });
  }
  await notePromotion(input, vmids.candidate, { keys: 'carried' });
  return [];
}

/** Reads them into memory; the answer is why that was not possible. */
export async function remember(input: PromoteInput, live: Seen, memory: Memory): Promise<string | undefined> {
  if (memory.keys !== undefined) return undefined;
  if (!live.state.running) return 'it is stopped';
  try {
    const shell = await input.live.shell(live);
    const { exitCode, stdout, stderr } = await run(input, shell, 'read host keys', READ);
    if (exitCode !== 0 || stdout.trim() === '') return stderr.trim() || 'there are none';
    memory.keys = stdout;
    return undefined;
  } catch (error) {
    if (input.signal.aborted) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

function run(
  { signal }: PromoteInput,
  shell: Shell,
  name: string,
  script: string,
  stdin?: Uint8Array,
): Promise<CommandResult> {
  const command = { name, argv: ['sh', '-c', script], ...(stdin === undefined ? {} : { input: stdin }) };
  return shell.run(command, call(DEADLINES.write, signal));
}
