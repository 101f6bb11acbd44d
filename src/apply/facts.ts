import type { Desired } from '../model/desired.ts';
import { GitopsError, isGitopsError } from '../model/errors.ts';
import type { OfferedTemplate, TemplateFile } from '../model/observed.ts';
import type { Inventory, Reporter, Shells } from '../model/ports.ts';
import { call, DEADLINES } from './deadlines.ts';

export interface Facts {
  readonly storage: string;
  readonly present: readonly TemplateFile[];
  readonly offered: readonly OfferedTemplate[];
}

export interface FactsInput {
  readonly inventory: Inventory;
  readonly shells: Shells;
  readonly reporter: Reporter;
  readonly desired: Desired;
  readonly signal: AbortSignal;
}

/**
 * What a plan needs to know beside the container: templates, and for a new container what the node offers and whether
 * the address is free. One read for a container that is there.
 */
export async function gatherFacts(input: FactsInput, node: string, absent: boolean): Promise<Facts> {
  const { inventory, desired, signal } = input;
  const read = call(DEADLINES.read, signal);
  const storage = desired.templateStorage;
  if (desired.state === 'absent') return { storage, present: [], offered: [] };
  const [present, offered] = await Promise.all([
    inventory.templates(node, storage, read),
    absent && desired.template.kind === 'newest' ? offers(input, node) : [],
    absent ? refuseTakenAddress(input) : undefined,
  ]);
  return { storage, present, offered };
}

/** The index may be closed to this identity; then only what is on the storage counts. */
async function offers({ inventory, reporter, signal }: FactsInput, node: string): Promise<readonly OfferedTemplate[]> {
  try {
    return await inventory.offeredTemplates(node, call(DEADLINES.read, signal));
  } catch (error) {
    if (!isGitopsError(error) || error.remote.status === 401) throw error;
    reporter.tell({ kind: 'note', text: `the node's template index cannot be read: ${error.message}` });
    return [];
  }
}

async function refuseTakenAddress({ shells, desired, signal }: FactsInput): Promise<void> {
  for (const { ipv4, index } of desired.interfaces) {
    if (ipv4.kind !== 'static') continue;
    if (!(await shells.answers(ipv4.address, call(DEADLINES.answers, signal)))) continue;
    throw new GitopsError(
      'user',
      `Unable to create container ${desired.name}: its address ${ipv4.address} (net${index}) answers already`,
      {
        advice: ['another machine has it; choose another IP in the definition'],
      },
    );
  }
}
