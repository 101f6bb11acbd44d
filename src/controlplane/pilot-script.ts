export interface PilotJob {
  readonly run: Readonly<Record<string, string>>;
  /** Of the control plane, for repositories: the run's own ends with the run. */
  readonly token: string;
  readonly desired: string;
  readonly mode: string;
  /** Where everything lies. */
  readonly home: string;
}

/** What the pilot's program reads: the environment of the actions, as a runner would give it. */
export function pilotEnvironment({ run, token, desired, mode, home }: PilotJob): string {
  const environment = {
    ...run,
    GITHUB_WORKSPACE: `${home}/runner`,
    RUNNER_TEMP: `${home}/runner`,
    GITHUB_OUTPUT: `${home}/runner/output`,
    GITHUB_STEP_SUMMARY: `${home}/runner/summary`,
    GITHUB_STATE: `${home}/runner/state`,
    PVE_GITOPS_CONFIG: '/srv/control-plane/site/config.json',
    INPUT_DESIRED: desired,
    INPUT_DIRECTORY: `${home}/definition`,
    INPUT_MODE: mode,
    INPUT_TARGET: 'live',
    INPUT_TOKEN: token,
  };
  return JSON.stringify({ environment, token });
}

/**
 * Runs on the pilot: waits for the end of the run that sent it, runs the two actions that deploy, and starts the pipeline of
 * the control plane, which finds everything done and takes the pilot away. Plain JavaScript for Node 20.
 */
export const PILOT_SCRIPT = `
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const home = import.meta.dirname;
const { environment, token } = JSON.parse(readFileSync(home + '/job.json', 'utf8'));
const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = environment;
const api = (method, path, body) =>
  fetch(server + '/api/v1/repos/' + repository + path, {
    method,
    headers: { authorization: 'token ' + token, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
const until = async (minutes, look) => {
  const end = Date.now() + minutes * 60_000;
  while (Date.now() < end) {
    if (await look().catch(() => false)) return true;
    await delay(1000);
  }
  return false;
};

mkdirSync(home + '/runner', { recursive: true });
for (const name of ['output', 'summary', 'state']) writeFileSync(home + '/runner/' + name, '');
const ended = await until(5, async () => (await (await api('GET', '/actions/runs/' + run)).json()).status === 'completed');
console.log(ended ? 'the run has ended' : 'the run has not ended: going on');
let code = 0;
for (const action of ['container-default', 'container-configuration']) {
  const file = home + '/actions/' + action + '/dist/index.js';
  code = spawnSync(process.execPath, [file], { env: { ...process.env, ...environment }, stdio: 'inherit' }).status ?? 1;
  if (code !== 0) break;
  // The container has restarted: what follows tells the forge how it went.
  await until(3, async () => (await api('GET', '')).ok);
}
console.log(code === 0 ? 'deployed' : 'failed with ' + code);
if (code === 0) {
  const inputs = { ref: 'release', inputs: { mode: 'deploy' } };
  const sent = await until(10, async () => (await api('POST', '/actions/workflows/pipeline.yml/dispatches', inputs)).ok);
  console.log(sent ? 'the control plane takes this pilot away' : 'the forge does not answer');
}
process.exitCode = code;
`;
