import { basename, resolve } from 'node:path';
import { backUp } from '../../src/fleet/backup.ts';
import { drift } from '../../src/fleet/drift.ts';
import type { DefinitionOf } from '../../src/fleet/own.ts';
import { update } from '../../src/fleet/update.ts';
import { GitopsError, isGitopsError } from '../../src/model/errors.ts';
import type { FleetReport } from '../../src/model/fleet-report.ts';
import type { Source } from '../../src/model/ports.ts';
import { exitCodeOfFleet, fleetJson, renderFleet } from '../../src/report/fleet.ts';
import { type CommonOptions, type Context, withContext } from './context.ts';

export interface FleetCommand extends CommonOptions {
  /** Names of containers. */
  readonly only?: readonly string[];
  readonly withoutWayBack?: boolean;
  readonly storage?: string;
  readonly keep?: string;
}

type Task = (context: Context, definitionOf: DefinitionOf, options: FleetCommand) => Promise<readonly FleetReport[]>;

const common = ({ settings, signal }: Context, { only = [] }: FleetCommand) => ({ site: settings.site, only, signal });

const TASKS: Readonly<Record<string, Task>> = {
  drift: (context, definitionOf, options) =>
    drift(context.ports, context.settings, common(context, options), definitionOf),
  update: (context, definitionOf, options) =>
    update(
      context.ports,
      context.settings,
      { ...common(context, options), withoutWayBack: options.withoutWayBack === true },
      definitionOf,
    ),
  backup: (context, _, options) =>
    backUp(context.ports, {
      ...common(context, options),
      keep: countOf(options.keep),
      ...(options.storage === undefined ? {} : { storage: options.storage }),
    }),
};

/** The definition whose directory is called as the container is, as of the container's commit where git has it. */
function definitionsIn(directories: readonly string[], source: Source): DefinitionOf {
  const byName = new Map(directories.toReversed().map((given) => [basename(resolve(given)), resolve(given)]));
  return async ({ name, commit }) => {
    const directory = byName.get(name);
    if (directory === undefined) return undefined;
    try {
      if (commit !== undefined) return await source.at(directory, commit);
    } catch (error) {
      if (!isGitopsError(error)) throw error;
    }
    return { directory, close: async () => undefined };
  };
}

function countOf(text = '3'): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new GitopsError('user', `Unable to keep ${JSON.stringify(text)} backups: write a number from 1 to 99`);
}

export function runTask(task: string, directories: readonly string[], options: FleetCommand): Promise<number> {
  return withContext(options, async (context) => {
    const { terminal, ports } = context;
    terminal.progress.tell({ kind: 'stage', title: `${task} of all containers of the site` });
    const reports = (await TASKS[task]?.(context, definitionsIn(directories, ports.source), options)) ?? [];
    terminal.progress.close();
    const exitCode = exitCodeOfFleet(task, reports, true);
    if (options.json === true) terminal.json(fleetJson(task, reports, exitCode));
    else terminal.print(renderFleet(task, reports, terminal.style));
    return exitCode;
  });
}
