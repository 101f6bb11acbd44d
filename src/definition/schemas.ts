import * as z from 'zod';
import type { Conflict, Part, Parts, ReadText } from './field.ts';

export const asNumber = (text: string): ReadText => ({
  value: /^(?:0|[1-9]\d{0,14})$/.test(text) ? Number(text) : text,
});
export const asDecimal = (text: string): ReadText => ({
  value: /^(?:0|[1-9]\d{0,8})(?:\.\d{1,6})?$/.test(text) ? Number(text) : text,
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
/** One value or a list of them, as people write it. */
export const listOf = <T>(written: T | readonly T[]): readonly T[] =>
  Array.isArray(written) ? (written as readonly T[]) : [written as T];

type YesNo = boolean | 'yes' | 'no';
/** YAML 1.2 reads `yes` as text; people write it all the same. */
export const yesNo: z.ZodType<YesNo> = z.union([z.boolean(), z.enum(['yes', 'no'])]);
const isYes = (value: YesNo): boolean => value === true || value === 'yes';
/** Undefined stays it. */
export const flagOf = (value: YesNo | undefined): boolean | undefined =>
  value === undefined ? undefined : isYes(value);
export const whole = (min: number, max: number): z.ZodInt => z.int().min(min).max(max);
export const flag = { schema: yesNo, convert: isYes, fromText: asYesNo, form: 'yes or no' };

/** Text for people or programs: no half characters, no control characters but for tab and line end. */
export function isPrintable(text: string): boolean {
  return !/[^\P{Cc}\t\n]|\p{Cs}/u.test(text);
}

/** An object without what is undefined, as exact optional properties want it. */
export function given<T extends object>(values: T): { -readonly [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

type Optional<P extends Parts> = {
  [K in keyof P]: P[K] extends Part<infer W> ? z.ZodExactOptional<z.ZodType<W>> : never;
};

/** The schemas of parts that may be left out. */
export function optional<P extends Parts>(parts: P): Optional<P> {
  const entries = Object.entries(parts).map(([key, { schema }]) => [key, schema.exactOptional()]);
  // A mapped type cannot be followed through entries.
  return Object.fromEntries(entries) as Optional<P>;
}

/** @returns a problem for each item that is there before; `keyOf`: what has to differ, undefined for nothing */
export function twice<T>(
  items: readonly T[],
  keyOf: (item: T, index: number) => string | undefined,
  pathOf: (index: number) => readonly PropertyKey[] = (index) => [index],
): readonly Conflict[] {
  const seen = new Set<string>();
  return items.flatMap((item, index): Conflict[] => {
    const key = keyOf(item, index);
    if (key === undefined) return [];
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [{ kind: 'conflict', path: pathOf(index), message: `has ${key} twice`, fix: 'keep one of them' }];
  });
}
