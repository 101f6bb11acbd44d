import type { Desired, TemplateChoice } from '../model/desired.ts';
import { GitopsError, isGitopsError } from '../model/errors.ts';
import type { OfferedTemplate, TemplateFile } from '../model/observed.ts';
import { compareTemplates } from '../model/template-name.ts';

export interface TemplateFacts {
  readonly storage: string;
  readonly present: readonly TemplateFile[];
  /** Empty when the node's index cannot be read: then only what is there counts. */
  readonly offered: readonly OfferedTemplate[];
}

/** The template to make a container from; `download` when it has to be fetched from the node's index first. */
export interface ChosenTemplate {
  readonly volid: string;
  readonly download?: string;
}

interface Versioned {
  readonly os: string;
  readonly release: string;
  readonly version: string;
}

function newest<T extends Versioned>(
  all: readonly T[],
  choice: Extract<TemplateChoice, { kind: 'newest' }>,
): T | undefined {
  return all
    .filter((t) => t.os === choice.os && (choice.release === undefined || t.release === choice.release))
    .toSorted(compareTemplates)
    .at(-1);
}

export function chooseTemplate(choice: TemplateChoice, facts: TemplateFacts): ChosenTemplate {
  if (choice.kind === 'volid') {
    if (facts.present.some((t) => t.volid === choice.volid)) return { volid: choice.volid };
    throw new GitopsError('user', `Unable to use template ${choice.volid}: it is not on storage ${facts.storage}`, {
      advice: [
        facts.present.length === 0
          ? 'the storage holds no template that this identity can see'
          : `there are: ${facts.present.map((t) => t.volid).join(', ')}`,
        'or leave TEMPLATE out: the newest Debian that the node offers is fetched then',
      ],
    });
  }
  const present = newest(facts.present, choice);
  const offered = newest(facts.offered, choice);
  if (offered !== undefined && (present === undefined || compareTemplates(present, offered) < 0)) {
    return { volid: `${facts.storage}:vztmpl/${offered.name}`, download: offered.name };
  }
  if (present !== undefined) return { volid: present.volid };
  const wanted = choice.release === undefined ? choice.os : `${choice.os} ${choice.release}`;
  throw new GitopsError(
    'user',
    `Unable to find a template for ${wanted}: none on storage ${facts.storage}, none offered`,
    {
      advice: [
        'let the node read its index again (pveam update), or download a template into that storage',
        'the token needs Datastore.Audit on the storage to see templates',
      ],
    },
  );
}

/** undefined: none fits, and the plan says why. */
export function templateOrNone({ template }: Pick<Desired, 'template'>, facts: TemplateFacts): string | undefined {
  try {
    return chooseTemplate(template, facts).volid;
  } catch (error) {
    if (isGitopsError(error)) return undefined;
    throw error;
  }
}

/** The newer template that could be used, for a note; a newer one never plans a replace by itself. */
export function newerTemplate(
  choice: TemplateChoice,
  used: string | undefined,
  present: readonly TemplateFile[],
): string | undefined {
  if (choice.kind !== 'newest' || used === undefined) return undefined;
  const latest = newest(present, choice);
  const current = present.find((t) => t.volid === used);
  if (latest === undefined || latest.volid === used) return undefined;
  return current !== undefined && compareTemplates(current, latest) >= 0 ? undefined : latest.volid;
}
