import { type GrantInput, grantCommands, subjectsOf } from '../access/grant.ts';
import { type Missing, missingPrivileges } from '../access/missing.ts';
import type { Need, Verb } from '../access/needs.ts';
import type { Finding } from '../model/finding.ts';
import { ok, problem, warning } from './findings.ts';

const VERBS: Readonly<Record<Verb, string>> = {
  deploy: 'deploy',
  snapshot: 'snapshots as the way back, and rollback',
  backup: 'backups as the way back',
  clone: 'clones of images',
  migrate: 'a change of node',
};

/** Each missing privilege with its path and the lines that grant it. What no deploy needs is a warning. */
export function examinePrivileges(needs: readonly Need[], input: GrantInput): readonly Finding[] {
  const missing = missingPrivileges(needs, input.held);
  if (missing.length > 0) return missing.map((entry) => findingOf(entry, input));
  const paths = [...new Set(needs.map(({ paths: [first] }) => first))];
  return [ok('privileges', `all that is needed on ${paths.join(', ')}`)];
}

function findingOf(missing: Missing, input: GrantInput): Finding {
  const { path, privilege, verbs, reasons } = missing;
  const text = `${privilege} is missing on ${path}: ${reasons.join(', ')} (${subjectsOf(missing, input).lacks})`;
  const fix = grantCommands(missing, input);
  const needed = verbs.includes('deploy');
  const finding = needed
    ? problem('privileges', 'remote', text, fix)
    : warning('privileges', `${text}; only for ${verbs.map((verb) => VERBS[verb]).join(', ')}`, fix);
  return { ...finding, privilege: { name: privilege, path } };
}
