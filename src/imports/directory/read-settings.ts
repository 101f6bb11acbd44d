import { type OtherCode, readAssignments } from '../../configure/assignments.ts';
import { PRIVATE_FILE, problemOf, SETTINGS_FILE } from '../../configure/directory-variables.ts';
import { formatProblem } from '../../model/errors.ts';
import { type Item, itemOfHook } from './hooks.ts';
import { type Given, type SettingName, settingOf } from './known-settings.ts';

export interface ReadSettings {
  /** By what they mean; one that is empty counts as not written. */
  readonly known: ReadonlyMap<SettingName, Given>;
  /** All names, which reach the scripts as variables. */
  readonly variables: readonly string[];
  readonly items: readonly Item[];
}

/** Both files as the form reads them: `.env` first, and what configSettings says of the same name after it. */
export function readSettings(files: ReadonlyMap<string, Uint8Array>): ReadSettings {
  const known = new Map<SettingName, Given>();
  const variables = new Map<string, string>();
  const items: Item[] = [];
  for (const file of [PRIVATE_FILE, SETTINGS_FILE]) {
    const hidden = file === PRIVATE_FILE;
    const { assignments, others } = readAssignments(new TextDecoder().decode(files.get(file)));
    for (const { name, value, line } of assignments) {
      if (variables.get(name) === PRIVATE_FILE && !hidden) {
        items.push({
          place: `${file}:${line}`,
          text: `${name} stands in ${PRIVATE_FILE} too; this one counts, as before`,
          note: true,
        });
      }
      variables.set(name, file);
      const setting = settingOf(name);
      if (setting === undefined) continue;
      if (value === '') known.delete(setting);
      else known.set(setting, { name, value, file, line, hidden });
    }
    items.push(...others.map((other) => itemOf(file, other)));
  }
  return { known, variables: [...variables.keys()], items };
}

function itemOf(file: string, other: OtherCode): Item {
  if (other.kind === 'function') return itemOfHook(file, other);
  const said = formatProblem(problemOf(file, other));
  const place = /^\S+:\d+(?=:)/.exec(said)?.[0] ?? file;
  const shown = other.kind === 'code' && file !== PRIVATE_FILE ? ` (${other.text.slice(0, 80)})` : '';
  return { place, text: `${said.slice(place.length + 1).trim()}${shown}` };
}
