import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createRunner } from '../../../../src/adapters/runner/runner.ts';

const folder = mkdtempSync(join(tmpdir(), 'event-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function event(name: string, payload: unknown) {
  const path = join(folder, 'event.json');
  writeFileSync(path, typeof payload === 'string' ? payload : JSON.stringify(payload));
  return createRunner({ GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: path }).event();
}
const pull = (head: object | null) => ({
  pull_request: { number: 3, base: { ref: 'release', repo: { full_name: 'srv/box' } }, head: { repo: head } },
});

it('tells a pull request of the repository from a fork’s', () => {
  expect(event('pull_request', pull({ full_name: 'srv/box' }))).toEqual({
    ...{ name: 'pull_request', pull: 3, base: 'release', fork: false },
  });
  expect(event('pull_request', pull({ full_name: 'eve/box' }))).toMatchObject({ fork: true });
});

it.each([
  ['a fork that is gone', pull(null)],
  ['no payload', {}],
  ['a payload that is cut', '{"pull_request": {"number": 3'],
  ['null', 'null'],
])('takes what it cannot tell for a fork’s: %s', (_, payload) => {
  expect(event('pull_request', payload)).toMatchObject({ name: 'pull_request', fork: true });
});

it('takes no pull request from any other event', () => {
  expect(event('push', pull({ full_name: 'srv/box' }))).toEqual({ name: 'push', fork: false });
  expect(createRunner({}).event()).toEqual({ name: '', fork: false });
});

describe('a workflow that another one calls: Gitea 1.27 says workflow_call, whatever started the run', () => {
  it('a pull request is one, and a fork’s too', () => {
    const ours = { ...pull({ full_name: 'srv/box' }), inputs: { mode: 'deploy' } };
    expect(event('workflow_call', ours)).toEqual({ name: 'pull_request', pull: 3, base: 'release', fork: false });
    expect(event('workflow_call', pull({ full_name: 'eve/box' }))).toMatchObject({ name: 'pull_request', fork: true });
  });

  it('a push, and somebody who asks', () => {
    const push = { ref: 'refs/heads/main', before: '0'.repeat(40), after: '1'.repeat(40), commits: [], inputs: {} };
    expect(event('workflow_call', push)).toEqual({ name: 'push', fork: false });
    const asked = { workflow: 'container.yml', ref: 'refs/heads/main', inputs: { mode: 'destroy' } };
    expect(event('workflow_call', asked)).toEqual({ name: 'workflow_dispatch', fork: false });
  });

  it('what cannot be told stays as it is, and without a payload it is taken for a fork’s', () => {
    expect(event('workflow_call', { schedule: '@daily' })).toEqual({ name: 'workflow_call', fork: false });
    expect(event('workflow_call', 'null')).toEqual({ name: 'workflow_call', fork: true });
  });
});
