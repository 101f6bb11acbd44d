import * as z from 'zod';
import { field } from './field.ts';
import { memoryHint } from './hints.ts';
import { asDecimal, asNumber, same, whole } from './schemas.ts';

/** Processor and memory. */
export const resourceFields = {
  cores: field({
    env: 'CORES',
    yaml: 'cores',
    schema: whole(1, 8192),
    convert: same,
    fromText: asNumber,
    form: 'a whole number from 1 to 8192',
    default: 'all',
    effect: 'live',
    description: 'Processor cores',
  }),
  cpuLimit: field({
    env: 'CPU_LIMIT',
    yaml: 'cpu_limit',
    schema: z.number().min(0).max(8192),
    convert: same,
    fromText: asDecimal,
    form: 'a number from 0 to 8192, such as 1.5',
    unit: 'cores',
    default: 'left as it is',
    effect: 'live',
    description: 'Processor time that it may use at most; 0: no limit',
  }),
  cpuUnits: field({
    env: 'CPU_UNITS',
    yaml: 'cpu_units',
    schema: whole(8, 500_000),
    convert: same,
    fromText: asNumber,
    form: 'a whole number from 8 to 500000',
    default: 'left as it is',
    effect: 'live',
    description: 'Weight against other containers when the processor is busy',
  }),
  memory: field({
    env: 'MEMORY',
    yaml: 'memory',
    schema: whole(16, 16_777_216),
    convert: same,
    fromText: asNumber,
    form: 'MiB as a whole number from 16, such as 2048',
    hint: memoryHint,
    unit: 'MiB',
    default: '512',
    effect: 'live',
    description: 'Memory',
  }),
  swap: field({
    env: 'SWAP',
    yaml: 'swap',
    schema: whole(0, 16_777_216),
    convert: same,
    fromText: asNumber,
    form: 'MiB as a whole number, such as 512',
    hint: memoryHint,
    unit: 'MiB',
    default: '512',
    effect: 'live',
    description: 'Swap',
  }),
};
