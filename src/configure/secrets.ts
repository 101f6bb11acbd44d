import { GitopsError, type Problem, ProblemsError } from '../model/errors.ts';
import type { Secrets, Source } from '../model/ports.ts';
import { parseSecretsFile, type SealedSecret, secretsFiles } from '../model/secrets-file.ts';

/** Only variables with this prefix are read: a repository can never name a credential of ours. */
export const SECRET_PREFIX = 'SECRET_';

export interface SecretsInput {
  /** As the definition says them; none: every name of its secrets.env. */
  readonly names: readonly string[];
  readonly stage: string;
  /** Where the definition's files are; without it only the environment has values. */
  readonly directory?: string;
  readonly source: Pick<Source, 'read'>;
  readonly secrets: Pick<Secrets, 'value' | 'open'>;
}

export interface FoundSecrets {
  readonly values: Readonly<Record<string, string>>;
  /** No value anywhere. */
  readonly missing: readonly string[];
  /** A value that cannot be read here. */
  readonly unreadable: readonly Problem[];
}

/**
 * Values by name, masked from now on: the run's environment (SECRET_NAME, the forge's) before secrets.env of the stage before
 * secrets.env. Throws ProblemsError for a file that is not as it should be.
 */
export async function findSecrets(input: SecretsInput): Promise<FoundSecrets> {
  const sealed = await readFiles(input);
  const values: Record<string, string> = {};
  const missing: string[] = [];
  const unreadable: Problem[] = [];
  for (const name of input.names.length > 0 ? input.names : [...sealed.keys()]) {
    const given = input.secrets.value(SECRET_PREFIX + name);
    const stored = sealed.get(name);
    if (given !== undefined) values[name] = given;
    else if (stored === undefined) missing.push(name);
    else {
      const opened = await input.secrets.open(stored.sealed);
      if (opened.kind === 'open') values[name] = opened.value;
      else unreadable.push({ file: stored.file, line: stored.line, key: name, ...REASONS[opened.kind](name) });
    }
  }
  return { values, missing, unreadable };
}

const REASONS = {
  'no key': (name) => ({
    message: 'cannot be read: this machine has no key for secrets',
    fix: `run this where the site's state directory is, or set ${SECRET_PREFIX}${name}`,
  }),
  'other key': (name) => ({
    message: 'cannot be read: it was encrypted for another key than this site has',
    fix: `pve-gitops secret key says this site's, pve-gitops secret set ${name} encrypts anew`,
  }),
  damaged: (name) => ({
    message: 'cannot be read: it is damaged',
    fix: `take the line back from git, or pve-gitops secret set ${name}`,
  }),
} as const satisfies Record<string, (name: string) => Pick<Problem, 'message' | 'fix'>>;

/** The same, all or nothing: throws kind user with every one that is missing or cannot be read. */
export async function readSecrets(input: SecretsInput): Promise<Readonly<Record<string, string>>> {
  const { values, missing, unreadable } = await findSecrets(input);
  if (unreadable.length > 0) throw new ProblemsError('secrets', unreadable);
  if (missing.length === 0) return values;
  throw new GitopsError('user', `Unable to configure: no value for ${missing.join(', ')}`, {
    advice: [
      `put it into the repository, encrypted: pve-gitops secret set ${missing[0]}`,
      `or set ${missing.map((name) => SECRET_PREFIX + name).join(', ')} in the environment of the run`,
      `in a workflow: env: {${SECRET_PREFIX}${missing[0]}: \${{ secrets.${missing[0]} }}}`,
    ],
  });
}

async function readFiles({ source, directory, stage }: SecretsInput): Promise<ReadonlyMap<string, SealedSecret>> {
  if (directory === undefined) return new Map();
  const files = secretsFiles(stage);
  const texts = await source.read(directory, files);
  const parsed = files.flatMap((file) => {
    const bytes = texts.get(file);
    return bytes === undefined ? [] : [parseSecretsFile(file, new TextDecoder().decode(bytes))];
  });
  const problems = parsed.flatMap((file) => file.problems);
  if (problems.length > 0) throw new ProblemsError(`secrets of ${directory}`, problems);
  return new Map(parsed.flatMap((file) => file.secrets).map((secret) => [secret.name, secret]));
}
