import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { type ConnectedPorts, connect, type Mask } from './connect.ts';
import { connectRunner, openForge, type Runner } from './connect-action.ts';
import { Feedback } from './feedback.ts';
import type { FleetReport } from './model/fleet-report.ts';
import type { Outcome } from './model/outcome.ts';
import type { Settings } from './model/settings.ts';
import { renderError } from './report/error.ts';
import { exitCodeOf, exitCodeOfError } from './report/exit-code.ts';
import { errorMessages } from './report/feedback.ts';
import { exitCodeOfFleet, fleetMarkdown, renderFleet } from './report/fleet.ts';
import { outcomeMarkdown, renderOutcome } from './report/outcome.ts';
import { createProgress, type Progress } from './report/progress.ts';
import { readSettingsFiles, settingsFiles } from './settings/files.ts';
import { handedSecrets } from './settings/handed-secrets.ts';
import { resolveSettings } from './settings/resolve.ts';
import { settingNames, settingRows } from './settings/table.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ActionContext {
  readonly ports: ConnectedPorts;
  readonly settings: Settings;
  readonly runner: Runner;
  readonly mask: Mask;
  /** The action's own inputs; those not given are ''. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly environment: Environment;
  readonly feedback: Feedback;
  readonly signal: AbortSignal;
}

/** What a step came to. `last`: nothing of the job can change it any more, so the forge is told. */
export interface Ended {
  readonly outcome: Outcome;
  readonly last: boolean;
}

/** Input names of all settings, the connection's among them: every action takes them. */
export const SETTING_INPUTS: readonly string[] = settingNames.map((name) => settingRows[name].input);
/** Every action takes these too: the job's token, and secrets that a workflow hands over as one JSON object. */
export const COMMON_INPUTS: readonly string[] = ['token', 'secrets'];

/**
 * One action: reads inputs and settings, masks every secret before the first line, runs, reports to log, job summary and
 * forge, and ends with the exit code of the outcome. undefined: nothing to report.
 */
export function runAction(
  title: string,
  own: readonly string[],
  work: (context: ActionContext) => Promise<Ended | undefined>,
): Promise<void> {
  return act(title, own, async (context) => {
    const ended = await work(context);
    const { runner, mask, feedback } = context;
    return ended === undefined ? undefined : () => report(ended, runner, mask, feedback);
  });
}

/** The same for what is done for all containers of a site. What differs is a warning, and red only what failed. */
export function runFleet(
  title: string,
  own: readonly string[],
  work: (context: ActionContext) => Promise<readonly FleetReport[]>,
): Promise<void> {
  return act(title, own, async (context) => {
    const reports = await work(context);
    const { runner, mask, inputs } = context;
    const task = inputs.task ?? '';
    return async () => {
      for (const line of renderFleet(task, reports)) runner.line(mask.apply(line));
      await runner.summary(mask.apply(fleetMarkdown(task, reports)));
      for (const { state, name, text } of reports) {
        if (state === 'failed') runner.error(mask.apply(`${name}: ${text}`));
        if (state === 'skipped' || (state === 'changed' && task === 'drift'))
          runner.warning(mask.apply(`${name}: ${text}`));
      }
      runner.fail(exitCodeOfFleet(task, reports, false));
    };
  });
}

/** What all actions have in common; `work` answers with what is left to report once the progress has ended. */
async function act(
  title: string,
  own: readonly string[],
  work: (context: ActionContext) => Promise<(() => Promise<void>) | undefined>,
): Promise<void> {
  const environment: Environment = process.env;
  const { runner, mask } = connectRunner(environment);
  const stop = new AbortController();
  // A run has as many listeners on its signal as it has calls at once.
  setMaxListeners(0, stop.signal);
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => stop.abort(new Error(`received ${name}`)));
  const progress = progressOf(runner, mask);
  let feedback: Feedback | undefined;
  try {
    const given = runner.inputs([...own, ...COMMON_INPUTS, ...SETTING_INPUTS]);
    const { token = '', secrets = '', ...inputs } = given;
    // The runner masks its own token, a workflow may hand over another.
    if (token !== '') mask.mask(token);
    const handed = handedSecrets(secrets);
    for (const value of Object.values(handed)) mask.mask(value);
    const settings = actionSettings(given, environment, mask);
    const { GITHUB_SERVER_URL: serverUrl, GITHUB_REPOSITORY: repository = '' } = environment;
    const from = serverUrl === undefined ? undefined : { serverUrl, ...(token === '' ? {} : { token }) };
    const { pull } = runner.event();
    feedback = new Feedback({
      forge: serverUrl === undefined || token === '' ? undefined : openForge({ serverUrl, token }),
      reporter: progress,
      run: { repository, id: environment.GITHUB_RUN_ID ?? '', number: environment.GITHUB_RUN_NUMBER ?? '' },
      pull,
    });
    const by = runAddress(environment);
    const ports = await connect(settings, {
      reporter: progress,
      mask,
      environment: { ...environment, ...handed },
      signal: stop.signal,
      ...(from === undefined ? {} : { from }),
      ...(by === undefined ? {} : { by }),
    });
    try {
      progress.tell({ kind: 'stage', title });
      const all = Object.fromEntries([...own, 'token'].map((name) => [name, { ...inputs, token }[name] ?? '']));
      const context = { ports, settings, runner, mask, inputs: all, environment, feedback, signal: stop.signal };
      const left = await work(context);
      progress.close();
      await left?.();
    } finally {
      await ports.close();
    }
  } catch (error) {
    progress.close();
    const lines = renderError(error, { debug: runner.debug }).map((line) => mask.apply(line));
    for (const line of lines.slice(1)) runner.line(line);
    for (const message of errorMessages(error)) runner.error(mask.apply(message));
    await runner.summary(`${lines.map((line) => `    ${line}`).join('\n')}\n`);
    await feedback?.failed(error);
    runner.fail(exitCodeOfError(error));
  } finally {
    progress.close();
  }
}

/** The log of a step: its progress is one folded group, what it came to stands below it. */
function progressOf(runner: Runner, mask: Mask): Progress {
  return createProgress({
    line: (text) => runner.line(mask.apply(text)),
    now: () => performance.now(),
    every(milliseconds, tick) {
      const timer = setInterval(tick, milliseconds);
      timer.unref();
      return () => clearInterval(timer);
    },
    group: { open: (title) => runner.group(title), close: () => runner.endGroup() },
    verbose: true,
  });
}

async function report({ outcome, last }: Ended, runner: Runner, mask: Mask, feedback: Feedback): Promise<void> {
  for (const line of renderOutcome(outcome)) runner.line(mask.apply(line));
  await runner.summary(mask.apply(outcomeMarkdown(outcome)));
  if (outcome.kind === 'failed') runner.error(mask.apply(outcome.message));
  runner.fail(exitCodeOf(outcome));
  if (last || outcome.kind === 'failed') await feedback.ended(outcome);
}

function actionSettings(given: Readonly<Record<string, string>>, environment: Environment, mask: Mask): Settings {
  const flags = Object.fromEntries(Object.entries(given).filter(([name]) => SETTING_INPUTS.includes(name)));
  const cwd = environment.GITHUB_WORKSPACE ?? process.cwd();
  // Only files of the runner's host: what a repository brings along is never a source of settings.
  const candidates = settingsFiles(environment, {}).filter(({ path }) => isAbsolute(path));
  const files = readSettingsFiles(candidates, cwd, readText);
  const { settings, secrets } = resolveSettings(
    { flags, flagsAre: 'input', environment, files },
    {
      stateDirectory: stateDirectory(environment),
      read: (path) => readText(isAbsolute(path) ? path : join(cwd, path)),
    },
  );
  for (const secret of secrets) mask.mask(secret);
  return settings;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function stateDirectory(environment: Environment): string {
  if (process.getuid?.() === 0) return '/var/lib/pve-gitops';
  return join(environment.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'pve-gitops');
}

/** The workflow run's address, for people who meet its lease. */
function runAddress(environment: Environment): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = environment;
  return server === undefined || repository === undefined || run === undefined
    ? undefined
    : `${server}/${repository}/actions/runs/${run}`;
}
