import { type Problem, ProblemsError } from '../model/errors.ts';
import type { Secrets, Source } from '../model/ports.ts';
import { type OtherCode, readAssignments } from './assignments.ts';
import type { Unreadable } from './shell-words.ts';

/** Public parameters of a directory in the one-directory-per-container form, in git. */
export const SETTINGS_FILE = 'configSettings';
/** Private ones: never in git, so that only a run on this machine has them. */
export const PRIVATE_FILE = '.env';
/** What makes a new root file system into the container's. */
export const BUILD_SCRIPT = 'build-target.sh';

/** Whether a directory has this form, by the names in it. */
export function isOneDirectoryForm(names: readonly string[]): boolean {
  return names.includes(SETTINGS_FILE) || names.includes(BUILD_SCRIPT);
}

/** What the shell or the system means by itself, and what our own runner sets. */
const RESERVED =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|PWD|OLDPWD|DIR|IFS|ENV|BASH\w*|SHELLOPTS|PS\d|PROMPT_COMMAND|E?UID|PPID|GROUPS|SECONDS|RANDOM|LINENO|FUNCNAME|LD_\w+|APT_CONFIG|PVE_GITOPS_\w+)$/;

/** Hiding such a value would make output unreadable, and protect nothing. */
const NO_SECRET = /^(?:true|false|yes|no|on|off|none|null|dhcp|\d{1,5})$/i;

export interface DirectoryInput {
  readonly directory: string;
  readonly source: Pick<Source, 'list' | 'read'>;
  readonly secrets: Pick<Secrets, 'mask'>;
}

/**
 * Variables that the scripts of such a directory get: the simple assignments of `.env`, whose values are masked from now on, and
 * over them those of `configSettings`. Empty for every other directory. Throws ProblemsError where `.env` holds anything else,
 * without showing it: what is not read would be missing without a word.
 */
export async function directoryVariables({
  directory,
  source,
  secrets,
}: DirectoryInput): Promise<Readonly<Record<string, string>>> {
  if (!isOneDirectoryForm((await source.list(directory)) ?? [])) return {};
  const files = await source.read(directory, [SETTINGS_FILE, PRIVATE_FILE]);
  const [open, hidden] = [SETTINGS_FILE, PRIVATE_FILE].map((file) => {
    const bytes = files.get(file);
    return bytes === undefined ? undefined : readAssignments(textOf(directory, file, bytes));
  });
  if (hidden !== undefined && hidden.others.length > 0) {
    throw new ProblemsError(
      `definition ${directory}`,
      hidden.others.map((other) => problemOf(PRIVATE_FILE, other)),
    );
  }
  const own = hidden?.assignments ?? [];
  for (const { value } of own) if (!NO_SECRET.test(value)) secrets.mask(value);
  const all = [...own, ...(open?.assignments ?? [])].filter(({ name }) => !RESERVED.test(name));
  return Object.fromEntries(all.map(({ name, value }) => [name, value]));
}

function textOf(directory: string, file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ProblemsError(`definition ${directory}`, [{ file, message: 'is not UTF-8', fix: 'save it as UTF-8' }]);
  }
}

const REASONS: Readonly<Record<Unreadable, string>> = {
  computed: 'has a value that bash would compute',
  array: 'is an array',
  'open quote': 'has a quote that is not closed',
  command: 'is a command',
};

/** What is not read, in words; its text is not shown, since it may be private. */
export function problemOf(file: string, other: OtherCode): Problem {
  const { line } = other;
  const fix = 'write NAME=value: nothing is run to read it';
  switch (other.kind) {
    case 'value':
      return { file, line, key: other.name, message: REASONS[other.why], fix };
    case 'function':
      return { file, line, key: other.name, message: 'is a function', fix };
    case 'code':
      return { file, line, message: 'is no plain assignment', fix };
    default:
      return other satisfies never;
  }
}
