import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BASE_NAMES } from '../../src/definition/files.ts';
import { identityOf, stageOf } from '../../src/desired/identity.ts';
import { type TakenDirectory, takeDirectory } from '../../src/imports/directory/take-directory.ts';
import { DEFINITION_FILE } from '../../src/imports/take-over.ts';
import { GitopsError } from '../../src/model/errors.ts';
import { summaryOf } from '../../src/report/desired.ts';
import { EXIT } from '../../src/report/exit-code.ts';
import { plainLine } from '../../src/report/plain-text.ts';
import type { Style } from '../../src/report/style.ts';
import type { CommonOptions } from './context.ts';
import { offline } from './offline.ts';
import { readDirectory } from './read-directory.ts';

export interface ImportDirectoryOptions extends CommonOptions {
  /** Write over a container.yml that is there. */
  readonly force?: boolean;
  /** The definition on standard output instead of a file. */
  readonly print?: boolean;
}

/** Writes the definition of a directory in the one-directory-per-container form beside what is there. Asks no server. */
export async function importDirectory(shown: string, options: ImportDirectoryOptions): Promise<number> {
  const { force = false, print = false, json = false } = options;
  const { settings, source, terminal } = offline({ ...options, json: json || print });
  const stage = stageOf(options.stage, undefined, settings.stage);
  const facts = await readDirectory(source, shown, stage);
  const there = BASE_NAMES.filter((name) => facts.files.has(name));
  const other = there.find((name) => name !== DEFINITION_FILE);
  if (!print && (other !== undefined || (there.length > 0 && !force))) {
    const advice =
      other === undefined ? ['look at it with --print, or write over it with --force'] : [`remove ${other} first`];
    throw new GitopsError('user', `Unable to import ${shown}: ${other ?? DEFINITION_FILE} is there already`, {
      advice,
    });
  }
  const files = new Map([...facts.files].filter(([name]) => !BASE_NAMES.includes(name)));
  const taken = takeDirectory({ ...facts, files }, settings, { ...identityOf(facts.directory, options.owner), stage });
  if (!print) write(facts.directory, taken.files);
  if (json) {
    const { files: made, desired: _, ...rest } = taken;
    const written = Object.fromEntries(print ? [] : made);
    terminal.json(JSON.stringify({ version: 1, kind: 'imported-directory', directory: shown, written, ...rest }));
  } else if (print) terminal.json((taken.files.get(DEFINITION_FILE) ?? '').trimEnd());
  terminal.print(linesOf(shown, taken, !print, terminal.style));
  return EXIT.ok;
}

function write(directory: string, files: ReadonlyMap<string, string>): void {
  for (const [name, text] of files) {
    const path = join(directory, name);
    try {
      writeFileSync(path, text, { mode: name.includes('.local.') ? 0o600 : name.endsWith('.sh') ? 0o755 : 0o644 });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new GitopsError('user', `Unable to write ${path}: ${reason}`, { cause: error });
    }
  }
}

function linesOf(shown: string, taken: TakenDirectory, written: boolean, style: Style): string[] {
  const { files, items, variables, desired } = taken;
  const names = [...files.keys()].map((name) => join(shown, name)).join(', ');
  return [
    style.bold(plainLine(`${shown}: ${summaryOf(desired)}${written ? ` → ${names}` : ''}`)),
    ...taken.taken.map(({ place, text }) => `  ${style.dim('taken over:')} ${plainLine(`${place} ${text}`)}`),
    ...items.map(({ place, text, note }) => {
      const word = note === true ? style.dim('note:') : style.warn('not taken over:');
      return `  ${word} ${plainLine(`${place} ${text}`)}`;
    }),
    ...(variables.length === 0 ? [] : [`  ${style.dim('variables of the scripts:')} ${variables.join(', ')}`]),
    'next:',
    `  pve-gitops plan ${shown}`,
    `  pve-gitops deploy ${shown}`,
  ];
}
