import { BUILD_SCRIPT } from '../../configure/directory-variables.ts';
import type { Item } from './hooks.ts';

/** Where older states of the form have the script that builds the container. */
const ELSEWHERE = ['bin/build-target.sh', 'bin/target-bootstrap.sh', 'target-bootstrap.sh'];

/** Text of a build-target.sh that hands over to one of another name; undefined: there is none. */
export function builderOf(names: readonly string[]): string | undefined {
  const found = ELSEWHERE.find((name) => names.includes(name));
  if (found === undefined) return undefined;
  const path = found.startsWith('bin/') ? `/usr/local/sbin/${found.slice(4)}` : `"$DIR/${found}"`;
  return `#!/bin/bash\n# Written by pve-gitops import: what builds this container stands in ${found}.\nexec bash ${path}\n`;
}

/** What scripts of the form rely on that is not so here. */
export function scriptItems(
  names: readonly string[],
  files: ReadonlyMap<string, Uint8Array>,
  template: string | undefined,
): readonly Item[] {
  const items: Item[] = [];
  const text = new TextDecoder().decode(files.get(BUILD_SCRIPT));
  const lines = text.split('\n');
  const find = (pattern: RegExp): number => lines.findIndex((line) => !/^\s*#/.test(line) && pattern.test(line)) + 1;
  const apk = find(/\bapk\s+(?:add|update|upgrade|del)\b|\brc-(?:service|update)\b/);
  if (apk > 0 && template === undefined) {
    items.push({
      place: `${BUILD_SCRIPT}:${apk}`,
      text: 'is written for Alpine, and this definition makes a Debian container',
    });
  }
  const settings = find(/configSettings|(?:^|[\s/])\.env\b/);
  if (settings > 0) {
    const why = 'the assignments of both files are its variables already; .env itself is not in the container';
    items.push({ place: `${BUILD_SCRIPT}:${settings}`, text: `reads its settings itself: ${why}` });
  }
  for (const name of names.filter((entry) => /^bin\/startup\.+sh$/.test(entry))) {
    items.push({ place: name, text: 'was run at each start by cron: write a systemd unit in build-target.sh for it' });
  }
  const scripts = [BUILD_SCRIPT, 'configure.sh', ...ELSEWHERE];
  if (!scripts.some((name) => names.includes(name))) {
    items.push({ place: BUILD_SCRIPT, text: 'is not there: the container gets its baseline only' });
  }
  return items;
}
