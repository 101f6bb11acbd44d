import type { TemplateChoice } from '../model/desired.ts';
import { GitopsError } from '../model/errors.ts';
import type { OfferedTemplate, TemplateFile } from '../model/observed.ts';

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

/** By release, then version, numerically part by part: 12.7-1 < 12.12-1 < 13.1-2. */
export function compareVersions(a: Versioned, b: Versioned): number {
  const parts = (v: Versioned): number[] => `${v.release}.${v.version}`.split(/[^0-9]+/).map(Number);
  const left = parts(a);
  const right = parts(b);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function newest<T extends Versioned>(
  all: readonly T[],
  choice: Extract<TemplateChoice, { kind: 'newest' }>,
): T | undefined {
  return all
    .filter((t) => t.os === choice.os && (choice.release === undefined || t.release === choice.release))
    .toSorted(compareVersions)
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
  if (offered !== undefined && (present === undefined || compareVersions(present, offered) < 0)) {
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
  return current !== undefined && compareVersions(current, latest) >= 0 ? undefined : latest.volid;
}
