import type { Written } from '../model/definition.ts';
import type { Problem } from '../model/errors.ts';

/** A problem at the place where a person wrote the value. */
export function problemAt(written: Written<unknown>, message: string, fix?: string): Problem {
  const { file, line, key } = written;
  return fix === undefined ? { file, line, key, message } : { file, line, key, message, fix };
}

/** A part of a value with the place where it stands: `interfaces`, [1, 'ip'] → `interfaces[1].ip`. */
export function partOf<T>(written: Written<unknown>, path: readonly (string | number)[], value: T): Written<T> {
  const { file, line, key, lines } = written;
  const name = path.reduce<string>(
    (way, step) => (typeof step === 'number' ? `${way}[${step}]` : `${way}.${step}`),
    key,
  );
  return { value, file, line: lines?.[path.join('.')] ?? line, key: name };
}
