import type { TemplateChoice } from '../model/desired.ts';
import type { Finding } from '../model/finding.ts';
import { chooseTemplate, type TemplateFacts } from '../plan/template.ts';
import { ok, problemOf } from './findings.ts';

export interface TemplateSight {
  /** It has to be fetched first. */
  readonly download: boolean;
  readonly finding?: Finding;
}

/** `facts` undefined: this identity may not see the storage's templates, which a missing privilege tells. */
export function examineTemplate(choice: TemplateChoice, facts: TemplateFacts | undefined): TemplateSight {
  if (facts === undefined) return { download: choice.kind === 'newest' };
  try {
    const chosen = chooseTemplate(choice, facts);
    if (chosen.download === undefined) {
      return { download: false, finding: ok('template', `${chosen.volid} is there`) };
    }
    const text = `${chosen.download} is offered by the node, and will be downloaded to ${facts.storage}`;
    return { download: true, finding: ok('template', text) };
  } catch (error) {
    return { download: false, finding: problemOf('template', error) };
  }
}
