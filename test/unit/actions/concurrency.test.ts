import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..', '..');

interface Event {
  readonly ref_name: string;
  readonly event_name?: string;
  readonly inputs?: Readonly<Record<string, string>>;
}

/** What the forge makes of a workflow's group. Of its expressions JavaScript has all that is used here, in the same words. */
function groupOf(file: string, { inputs = {}, ref_name, event_name = 'push' }: Event): string {
  const line = /^ {2}group: (.*)$/m.exec(readFileSync(join(ROOT, 'workflows', file), 'utf8'))?.[1] ?? '';
  const gitea = { ref_name, event_name, repository: 'srv/web', event: { inputs } };
  const functions = {
    contains: (all: readonly string[], one: string) => all.includes(one),
    fromJSON: (text: string) => JSON.parse(text) as unknown,
    startsWith: (text: string, start: string) => text.startsWith(start),
  };
  return line.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression: string) =>
    String(runInNewContext(expression, { gitea, ...functions }) ?? ''),
  );
}

// Gitea cancels a waiting run of a group when a newer one of the same group comes.
describe.each(['templates/long.yml', 'pipeline.yml'])('%s: who takes the place of a deploy that waits', (file) => {
  const deploy = groupOf(file, { ref_name: 'release' });
  const dispatch = (mode: string) => groupOf(file, { ref_name: 'release', inputs: { mode } });

  it.each(['', 'deploy', 'rebuild', 'rollback', 'destroy'])('a newer dispatch with mode "%s" does', (mode) => {
    expect(dispatch(mode)).toBe(deploy);
  });

  it('so does a push to rollback', () => {
    expect(groupOf(file, { ref_name: 'rollback' })).toBe(deploy);
  });

  it.each(['plan', 'configure', 'snapshot'])('mode "%s" does not', (mode) => {
    expect(dispatch(mode)).not.toBe(deploy);
    expect(dispatch(mode)).toBe(dispatch(mode));
  });

  it.each(['main', 'develop', 'snapshot'])('a push to %s does not', (branch) => {
    expect(groupOf(file, { ref_name: branch })).not.toBe(deploy);
  });

  it('nor does a pull request, and each has a group of its own', () => {
    const pull = (number: number) => groupOf(file, { ref_name: `${number}/head`, event_name: 'pull_request' });
    expect(new Set([deploy, pull(1), pull(2)]).size).toBe(3);
  });
});

describe('operate.yml: who takes the place of a deploy that waits', () => {
  const dispatch = (verb: string, more: Readonly<Record<string, string>> = {}) =>
    groupOf('operate.yml', { ref_name: 'main', inputs: { repo: 'srv/web', ref: 'release', stage: '', verb, ...more } });
  const deploy = dispatch('deploy');

  it.each(['rebuild', 'rollback', 'destroy'])('a newer "%s" of the same does', (verb) => {
    expect(dispatch(verb)).toBe(deploy);
  });

  it.each(['plan', 'configure', 'snapshot'])('"%s" does not', (verb) => {
    expect(dispatch(verb)).not.toBe(deploy);
  });

  it('nothing of another repository, branch or stage does', () => {
    const others = [{ repo: 'srv/other' }, { ref: 'develop' }, { stage: 'develop' }];
    for (const other of others) expect(dispatch('deploy', other)).not.toBe(deploy);
  });
});
