import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { connect, connectRunner, type Mask, type Runner } from './connect.ts';
import type { Outcome } from './model/outcome.ts';
import type { Ports } from './model/ports.ts';
import type { Settings } from './model/settings.ts';
import { renderError } from './report/error.ts';
import { exitCodeOf, exitCodeOfError } from './report/exit-code.ts';
import { outcomeMarkdown, renderOutcome } from './report/outcome.ts';
import { createProgress } from './report/progress.ts';
import { readSettingsFiles, settingsFiles } from './settings/files.ts';
import { resolveSettings } from './settings/resolve.ts';
import { settingNames, settingRows } from './settings/table.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ActionContext {
  readonly ports: Ports;
  readonly settings: Settings;
  readonly runner: Runner;
  readonly mask: Mask;
  /** The action's own inputs; those not given are ''. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

/** Input names of all settings, the connection's among them: every action takes them. */
export const SETTING_INPUTS: readonly string[] = settingNames.map((name) => settingRows[name].input);

/**
 * One action: reads inputs and settings, masks every secret before the first line, runs, reports to log and job summary,
 * and ends with the exit code of the outcome. No outcome: nothing to report.
 */
export async function runAction(
  title: string,
  own: readonly string[],
  work: (context: ActionContext) => Promise<Outcome | undefined>,
): Promise<void> {
  const environment: Environment = process.env;
  const { runner, mask } = connectRunner(environment);
  const stop = new AbortController();
  // A run has as many listeners on its signal as it has calls at once.
  setMaxListeners(0, stop.signal);
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => stop.abort(new Error(`received ${name}`)));
  const progress = createProgress({
    line: (text) => runner.line(mask.apply(text)),
    now: () => performance.now(),
    every(milliseconds, tick) {
      const timer = setInterval(tick, milliseconds);
      timer.unref();
      return () => clearInterval(timer);
    },
    verbose: true,
  });
  try {
    const given = runner.inputs([...own, ...SETTING_INPUTS]);
    const settings = actionSettings(given, environment, mask);
    const inputs = Object.fromEntries(own.map((name) => [name, given[name] ?? '']));
    // The job's token is no setting; the runner masks its own, a workflow may hand over another.
    if (inputs.token !== undefined && inputs.token !== '') mask.mask(inputs.token);
    const by = runAddress(environment);
    const ports = await connect(settings, {
      reporter: progress,
      mask,
      environment,
      ...(by === undefined ? {} : { by }),
    });
    try {
      progress.tell({ kind: 'stage', title });
      const outcome = await work({ ports, settings, runner, mask, inputs, environment, signal: stop.signal });
      if (outcome !== undefined) await report(outcome, runner, mask);
    } finally {
      await ports.close();
    }
  } catch (error) {
    const lines = renderError(error, { debug: runner.debug }).map((line) => mask.apply(line));
    for (const line of lines.slice(1)) runner.line(line);
    runner.error(mask.apply(error instanceof Error ? error.message : String(error)));
    await runner.summary(`${lines.map((line) => `    ${line}`).join('\n')}\n`);
    runner.fail(exitCodeOfError(error));
  } finally {
    progress.close();
  }
}

async function report(outcome: Outcome, runner: Runner, mask: Mask): Promise<void> {
  for (const line of renderOutcome(outcome)) runner.line(mask.apply(line));
  await runner.summary(mask.apply(outcomeMarkdown(outcome)));
  if (outcome.kind === 'failed') runner.error(mask.apply(outcome.message));
  runner.fail(exitCodeOf(outcome));
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
