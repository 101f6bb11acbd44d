import * as z from 'zod';
import type { MountSource } from '../model/definition.ts';
import { DEVICE, HTTP, MOUNT, UNIT } from './forms.ts';
import type { ReadText } from './health.ts';

export const asNumber = (text: string): ReadText => ({
  value: /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text,
});
const YES_NO: ReadonlyMap<string, boolean> = new Map([
  ...['yes', 'true', 'on', '1'].map((word): [string, boolean] => [word, true]),
  ...['no', 'false', 'off', '0'].map((word): [string, boolean] => [word, false]),
]);
const asYesNo = (text: string): ReadText => ({ value: YES_NO.get(text.toLowerCase()) ?? text });
export const asList = (text: string): ReadText => ({
  value: text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
});

export const same = <T>(value: T): T => value;
/** YAML 1.2 reads `yes` as text; people write it all the same. */
const yesNo = z.union([z.boolean(), z.enum(['yes', 'no'])]);
const isYes = (value: boolean | 'yes' | 'no'): boolean => value === true || value === 'yes';
export const whole = (min: number, max: number): z.ZodInt => z.int().min(min).max(max);
export const flag = { schema: yesNo, convert: isYes, fromText: asYesNo, form: 'yes or no' };

const port = whole(1, 65535);
/** Beyond what a readable pattern can say. */
function portInRange(url: string): boolean {
  const digits = /:(\d+)(?:\/|$)/.exec(url)?.[1];
  return digits === undefined || (Number(digits) > 0 && Number(digits) <= 65535);
}

export const check = z.union([
  z.strictObject({ unit: z.string().regex(UNIT) }),
  z.strictObject({ tcp: port }),
  z.strictObject({
    http: z.string().regex(HTTP).refine(portInRange),
    status: whole(100, 599).optional(),
    contains: z.string().min(1).optional(),
  }),
  z.strictObject({ command: z.string().min(1) }),
]);
export const mount = z.string().regex(MOUNT);

export function mountSource(text: string): MountSource {
  if (text === 'share') return { kind: 'share' };
  if (DEVICE.test(text)) return { kind: 'device', path: text };
  const [host = '', path = ''] = text.split(':');
  return { kind: 'bind', host, path };
}

export function diskOf(text: string): { readonly storage: string; readonly size: number } {
  const [storage = '', size = ''] = text.split(':');
  return { storage, size: Number(size) };
}
