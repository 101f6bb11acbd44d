import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { forgeAndRunner, logOfRun } from './forge-and-runner.ts';
import { cancelRun } from './gitea-web.ts';
import { pushFiles } from './push.ts';
import { runnerVersion } from './runner.ts';
import { processesAtHome } from './stragglers.ts';
import { waitFor } from './wait.ts';

const site = forgeAndRunner('gitea');

beforeAll(async () => {
  const { forge, tools } = site();
  console.log(`Gitea ${await forge.api.version()}, ${await runnerVersion(tools)}`);
  await forge.api.createOrganisation('srv');
});

test('a push runs a workflow of the repository on the runner', async () => {
  const { forge, runner } = site();
  await forge.api.createRepository('srv/first');
  const step = '- run: echo "hello from $GITHUB_REPOSITORY, home is $HOME"';
  const sha = await pushFiles(forge, 'srv/first', { '.gitea/workflows/greet.yml': workflow('welcome', 'push', step) });

  const run = await forge.api.waitForRun('srv/first', sha, { workflow: 'greet.yml' });
  const log = await logOfRun(forge, 'srv/first', run, 'gitea/greet.log');
  expect(run.conclusion).toBe('success');
  expect(log).toContain(`hello from srv/first, home is ${runner.home}`);
  const [job] = await forge.api.jobs('srv/first', run.id);
  expect(job).toMatchObject({ name: 'job', conclusion: 'success', runner_name: runner.name });
  const statuses = await forge.api.commitStatuses('srv/first', sha);
  expect(statuses.map(({ context, status }) => `${context}: ${status}`)).toEqual(['welcome / job (push): success']);
});

test('a workflow is started with inputs', async () => {
  const { forge } = site();
  await forge.api.createRepository('srv/task');
  const inputs = '{ workflow_dispatch: { inputs: { task: { default: none } } } }';
  const files = { '.gitea/workflows/task.yml': workflow('task', inputs, `- run: echo "task \${{ inputs.task }}"`) };
  await pushFiles(forge, 'srv/task', files);

  const id = await forge.api.dispatch('srv/task', 'task.yml', 'main', { task: 'drift' });
  const run = await forge.api.waitForRunById('srv/task', id);
  expect(run.conclusion).toBe('success');
  expect(await logOfRun(forge, 'srv/task', run, 'gitea/task.log')).toMatch(/ task drift$/m);
});

test('a cancelled run leaves what its step had started, and the stop of the runner ends it', async () => {
  const { forge, runner } = site();
  await forge.api.createRepository('srv/cancelled');
  const step = '- run: sleep 300 </dev/null >/dev/null 2>&1 & echo "$$ $!" > $HOME/pids; wait';
  const sha = await pushFiles(forge, 'srv/cancelled', { '.gitea/workflows/slow.yml': workflow('slow', 'push', step) });
  const started = async () => /^(\d+) (\d+)\n/.exec(readFileSync(join(runner.home, 'pids'), 'utf8')) ?? undefined;
  const [, shell, child] = (await waitFor('the step and its child', 60_000, started)).map(Number);

  const [running] = await forge.api.runs('srv/cancelled', sha);
  if (running === undefined) throw new Error('no run');
  await cancelRun(forge, 'srv/cancelled', running.id);
  const run = await forge.api.waitForRunById('srv/cancelled', running.id);
  expect(run.conclusion).toBe('cancelled');

  const alive = (pid: number | undefined) => processesAtHome(runner.home).some((known) => known === pid);
  await waitFor('the end of the step', 60_000, async () => (alive(shell) ? undefined : true));
  expect(alive(child)).toBe(true);
  await runner.stop();
  await waitFor('the end of all', 10_000, async () => (processesAtHome(runner.home).length === 0 ? true : undefined));
});

/** One job with steps given in YAML, one to a line. */
function workflow(name: string, on: string, ...steps: readonly string[]): string {
  const lines = steps.map((step) => `      ${step}`).join('\n');
  return `name: ${name}\non: ${on}\njobs:\n  job:\n    runs-on: shell\n    steps:\n${lines}\n`;
}
