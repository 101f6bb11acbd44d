import type { Written } from '../model/definition.ts';
import type { Problem } from '../model/errors.ts';

/** A problem at the place where a person wrote the value. */
export function problemAt(written: Written<unknown>, message: string, fix?: string): Problem {
  const { file, line, key } = written;
  return fix === undefined ? { file, line, key, message } : { file, line, key, message, fix };
}
