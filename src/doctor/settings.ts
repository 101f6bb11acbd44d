import type { Finding } from '../model/finding.ts';
import type { ShownSetting } from '../model/settings.ts';
import { ok } from './findings.ts';

/** What was found and where; what has its default is only counted. */
export function examineSettings(shown: readonly ShownSetting[]): readonly Finding[] {
  const given = shown.filter(({ origin }) => origin !== 'default');
  const rest = shown.length - given.length;
  return [
    ...given.map(({ key, value, origin }) => ok('settings', `${key} = ${value} (${origin})`)),
    ...(rest === 0 ? [] : [ok('settings', `${rest} others have their defaults (docs/settings.md)`)]),
  ];
}
