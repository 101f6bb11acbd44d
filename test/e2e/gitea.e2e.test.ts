import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Forge, startForge } from './forge.ts';
import { pushFiles } from './push.ts';
import { keepResult } from './results.ts';
import { type RunnerProcess, runnerVersion, startRunner } from './runner.ts';
import { provideTools, type Tools } from './tools.ts';

const directory = mkdtempSync(join(tmpdir(), 'pve-gitops-e2e-'));
let tools: Tools;
let forge: Forge | undefined;
let runner: RunnerProcess | undefined;

beforeAll(async () => {
  tools = await provideTools();
  forge = await startForge(tools, join(directory, 'gitea'));
  runner = await startRunner(tools, forge, join(directory, 'runner'));
});

afterAll(async () => {
  if (runner !== undefined) keepResult('gitea/runner.log', runner.log());
  if (forge !== undefined) keepResult('gitea/gitea.log', forge.log());
  await runner?.stop();
  await forge?.stop();
  rmSync(directory, { recursive: true, force: true });
});

const workflow = `
name: welcome
on: push
jobs:
  greet:
    runs-on: shell
    steps:
      - run: echo "hello from $GITHUB_REPOSITORY, home is $HOME"
`;

test('a push runs a workflow of the repository on the runner', async () => {
  if (forge === undefined) throw new Error('no forge');
  const { api } = forge;
  console.log(`Gitea ${await api.version()}, ${await runnerVersion(tools)}`);
  await api.createOrganisation('srv');
  await api.createRepository('srv/first');

  const sha = await pushFiles(forge, 'srv/first', { '.gitea/workflows/greet.yml': workflow });
  const run = await api.waitForRun('srv/first', sha, { workflow: 'greet.yml' });
  const [job] = await api.jobs('srv/first', run.id);
  if (job === undefined) throw new Error(`run ${run.id} has no job`);
  const log = await api.log('srv/first', job.id);
  keepResult('gitea/greet.log', log);

  expect({ run: run.conclusion, job: job.conclusion, by: job.runner_name }).toEqual({
    run: 'success',
    job: 'success',
    by: 'e2e',
  });
  expect(log).toContain(`hello from srv/first, home is ${directory}/runner/home`);
  const statuses = await api.commitStatuses('srv/first', sha);
  expect(statuses.map(({ context, status }) => `${context}: ${status}`)).toEqual(['welcome / greet (push): success']);
});
