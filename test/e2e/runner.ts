import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Forge } from './forge.ts';
import { type Environment, isolatedEnvironment, run, startService } from './process.ts';
import { endStragglers } from './stragglers.ts';
import type { Tools } from './tools.ts';
import { Hopeless, waitFor } from './wait.ts';

export interface RunnerOptions {
  readonly name?: string;
  /** In the environment of every step: a step of the host mode inherits that of the runner. */
  readonly env?: Environment;
  /** How long one job may take, in the runner's own notation. */
  readonly timeout?: string;
}

export interface RunnerProcess {
  readonly name: string;
  /** HOME of the runner and so of every step. */
  readonly home: string;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

export async function runnerVersion(tools: Tools): Promise<string> {
  const env = isolatedEnvironment('/nonexistent');
  const output = await run({
    name: 'ask the runner for its version',
    program: tools.runner,
    args: ['--version'],
    env,
    cwd: '/',
  });
  return output.trim();
}

/** Registers a runner for all repositories, label `shell` (steps run on this machine), and waits until Gitea has met it. */
export async function startRunner(
  tools: Tools,
  forge: Forge,
  directory: string,
  options: RunnerOptions = {},
): Promise<RunnerProcess> {
  const name = options.name ?? 'e2e';
  const home = join(directory, 'home');
  mkdirSync(home, { recursive: true });
  const config = join(directory, 'config.yaml');
  writeFileSync(config, configuration(directory, options.timeout ?? '30m'));

  const env = { ...isolatedEnvironment(home), ...options.env };
  const runner = (what: string, ...args: string[]) => ({
    name: what,
    program: tools.runner,
    args: ['--config', config, ...args],
    env,
    cwd: directory,
  });
  const token = await forge.api.runnerRegistrationToken();
  const where = ['--no-interactive', '--instance', forge.url, '--token', token];
  await run(runner('register the runner', 'register', ...where, '--name', name, '--labels', 'shell:host'));

  const service = startService(runner('the runner', 'daemon'), join(directory, 'runner.log'));
  const online = async () => {
    if (!service.alive()) throw new Hopeless(`Unable to start the runner: it ended.\n${service.log().slice(-4000)}`);
    return (await forge.api.runners()).find((known) => known.name === name && known.status === 'online');
  };
  try {
    await waitFor(`the runner ${name} online`, 30_000, online, () => service.log().slice(-1000));
  } catch (error) {
    await service.stop();
    throw error;
  }
  const stop = async () => {
    await service.stop();
    endStragglers(home);
  };
  return { name, home, log: service.log, stop };
}

/** JSON is YAML. The intervals are the shortest that make sense: a test waits for them. */
function configuration(directory: string, timeout: string): string {
  return JSON.stringify({
    log: { level: 'info' },
    runner: {
      file: join(directory, '.runner'),
      capacity: 1,
      timeout,
      fetch_interval: '500ms',
      fetch_interval_max: '500ms',
      log_report_interval: '1s',
      log_report_max_latency: '500ms',
      state_report_interval: '1s',
    },
    cache: { enabled: false },
    host: { workdir_parent: join(directory, 'work') },
  });
}
