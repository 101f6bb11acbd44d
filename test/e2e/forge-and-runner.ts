import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type Forge, startForge } from './forge.ts';
import type { Run } from './gitea-types.ts';
import { keepResult } from './results.ts';
import { type RunnerOptions, type RunnerProcess, startRunner } from './runner.ts';
import { provideTools, type Tools } from './tools.ts';

export interface ForgeAndRunner {
  readonly directory: string;
  readonly tools: Tools;
  readonly forge: Forge;
  readonly runner: RunnerProcess;
}

/**
 * One Gitea and one runner for the tests of a file, started before the first and stopped after the last of them; the
 * logs of both are kept under the name given. The options are asked for when the runner is started.
 */
export function forgeAndRunner(name: string, options: () => RunnerOptions = () => ({})): () => ForgeAndRunner {
  let started: ForgeAndRunner | undefined;
  const directory = mkdtempSync(join(tmpdir(), 'pve-gitops-e2e-'));
  const stops: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    const tools = await provideTools();
    const forge = await startForge(tools, join(directory, 'gitea'));
    stops.unshift(async () => {
      await forge.stop();
      keepResult(`${name}/gitea.log`, forge.log());
    });
    const runner = await startRunner(tools, forge, join(directory, 'runner'), options());
    stops.unshift(async () => {
      await runner.stop();
      keepResult(`${name}/runner.log`, runner.log());
    });
    started = { directory, tools, forge, runner };
  });

  afterAll(async () => {
    for (const stop of stops) await stop();
    rmSync(directory, { recursive: true, force: true });
  });

  return () => {
    if (started === undefined) throw new Error('Unable to use Gitea and its runner: they have not been started');
    return started;
  };
}

/** The logs of a run's jobs, one after the other; kept under the name given. */
export async function logOfRun(forge: Forge, repository: string, run: Run, name: string): Promise<string> {
  const logs: string[] = [];
  for (const job of await forge.api.jobs(repository, run.id)) logs.push(await forge.api.log(repository, job));
  const text = logs.join('\n');
  keepResult(name, text);
  return text;
}
