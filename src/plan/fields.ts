import type { Edit, Field, FieldContext } from './edit.ts';
import { features } from './features.ts';
import { freeKeys, keysOf } from './keys.ts';
import { binds, devices } from './mounts.ts';
import { networks } from './network.ts';
import { protection } from './protection.ts';
import { cores, cpuLimit, cpuUnits, memory, onboot, privileges, rootfs, startup } from './resources.ts';
import { description, hostname, names, pool, tags } from './text.ts';
import { volumes } from './volume-edits.ts';

/** Volumes before directories: what is mounted later may lie in what is mounted before. */
function storage(context: FieldContext): readonly Edit[] {
  const free = freeKeys(keysOf(context.state, context.config));
  return [...volumes(context, free), ...binds(context, free), ...devices(context, free)];
}

/** Every field that a definition says, each compared in its own way. What none of them knows is left as it is. */
const FIELDS: readonly Field[] = [
  privileges,
  rootfs,
  hostname,
  cores,
  cpuLimit,
  cpuUnits,
  memory,
  onboot,
  startup,
  protection,
  names,
  features,
  networks,
  storage,
  pool,
  tags,
  description,
];

/** Every difference between what shall be and what is, field by field, with what each costs. */
export function editsOf(context: FieldContext): readonly Edit[] {
  return FIELDS.flatMap((field) => field(context));
}
