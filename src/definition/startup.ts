import * as z from 'zod';
import type { Startup } from '../model/definition.ts';
import { field, type ReadText } from './field.ts';
import { optional, whole } from './schemas.ts';

const number = { schema: whole(0, 999_999), effect: 'live' } as const;

const parts = {
  order: {
    ...number,
    form: 'a whole number from 0 to 999999',
    default: 'after all that have one',
    description: 'Place in the order of starting; stopping goes the other way',
  },
  up: {
    ...number,
    form: 'seconds as a whole number',
    unit: 's',
    default: '0',
    description: 'Wait before the next one starts',
  },
  down: {
    ...number,
    form: 'seconds as a whole number',
    unit: 's',
    default: '60',
    description: 'Wait for this one to stop before the next one does',
  },
};

export const startup = field({
  env: 'STARTUP',
  yaml: 'startup',
  schema: z.strictObject(optional(parts)),
  convert: (written): Startup => written,
  conflicts: (written) =>
    Object.keys(written).length > 0
      ? []
      : [{ kind: 'conflict', path: [], message: 'says nothing', fix: 'write order, up or down, or remove it' }],
  fromText: startupFromText,
  shape: { kind: 'map', parts, item: 'order, up and down' },
  form: 'order, up and down, such as order=1,up=30',
  default: 'left as it is',
  effect: 'live',
  description: 'Order and waiting times when the node starts and stops',
});

/** `order=1,up=30`, as Proxmox VE writes it too. */
function startupFromText(text: string): ReadText {
  const value = new Map<string, number>();
  for (const item of text.split(',')) {
    const [, key = '', digits = ''] = /^\s*([a-z]+)=(0|[1-9]\d{0,8})\s*$/.exec(item) ?? [];
    if (!Object.hasOwn(parts, key)) return { wrong: `${JSON.stringify(item.trim())} is none of order=, up= and down=` };
    if (value.has(key)) return { wrong: `${key} is there twice` };
    value.set(key, Number(digits));
  }
  return { value: Object.fromEntries(value) };
}
