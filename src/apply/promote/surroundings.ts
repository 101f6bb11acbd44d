import type { Acl, BackupJob, Firewall, HaResource } from '../../model/resources.ts';
import { call, DEADLINES } from '../deadlines.ts';
import type { PromoteInput } from './context.ts';

/** What others have set up around the live one, as far as this identity may see it: absent is not known. */
export interface Around {
  readonly pool?: { readonly name: string | undefined };
  readonly acls?: readonly Acl[];
  readonly firewall?: Firewall;
  readonly ha?: { readonly resource: HaResource | undefined };
  readonly jobs?: readonly BackupJob[];
}

export async function lookAround({ ports, node, vmids, signal }: PromoteInput): Promise<Around> {
  const { surroundings } = ports;
  const read = call(DEADLINES.read, signal);
  const known = async <Key extends keyof Around>(
    key: Key,
    look: Promise<NonNullable<Around[Key]>>,
  ): Promise<Around> => {
    try {
      return { [key]: await look };
    } catch (error) {
      if (signal.aborted) throw error;
      return {};
    }
  };
  const parts = await Promise.all([
    known(
      'pool',
      surroundings.pool(vmids.live, read).then((name) => ({ name })),
    ),
    known('acls', surroundings.acls(vmids.live, read)),
    known('firewall', surroundings.firewall(node, vmids.live, read)),
    known(
      'ha',
      surroundings.highAvailability(vmids.live, read).then((resource) => ({ resource })),
    ),
    known('jobs', surroundings.backupJobs(vmids.live, read)),
  ]);
  return Object.assign({}, ...parts) as Around;
}

/** Proxmox VE keeps all of it by the vmid. The pool is put back if not; the rest is named, because it is others' work. */
export async function putBack(input: PromoteInput, before: Around): Promise<string[]> {
  const after = await lookAround(input);
  const warnings: string[] = [];
  const isElsewhere =
    before.pool?.name !== undefined && after.pool !== undefined && after.pool.name !== before.pool.name;
  if (isElsewhere && before.pool?.name !== undefined) {
    await input.ports.containers.pool(input.vmids.live, before.pool.name, call(DEADLINES.write, input.signal));
    warnings.push(`it was put back into pool ${before.pool.name}`);
  }
  const words = [
    ['acls', 'permissions on it'],
    ['firewall', 'its firewall'],
    ['ha', 'its high availability'],
    // Those of its pool have it again by now.
    ...(isElsewhere ? [] : [['jobs', 'the backup jobs that take it in'] as const]),
  ] as const;
  for (const [key, word] of words) {
    if (before[key] === undefined || after[key] === undefined) continue;
    if (JSON.stringify(before[key]) !== JSON.stringify(after[key])) {
      warnings.push(`${word} differ from before the replace: was ${JSON.stringify(before[key])}`);
    }
  }
  return warnings;
}
