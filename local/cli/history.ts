import { define, rollback } from '../../src/deploy.ts';
import { differencesOf } from '../../src/desired/differences.ts';
import type { Desired } from '../../src/model/desired.ts';
import { GitopsError } from '../../src/model/errors.ts';
import type { PastState } from '../../src/model/mark.ts';
import { exitCodeOf } from '../../src/report/exit-code.ts';
import { ContainerRun } from '../../src/run.ts';
import { type CommonOptions, type Context, type Defined, defineDirectory, withContext } from './context.ts';
import { show } from './deploy.ts';

export interface RollbackOptions extends CommonOptions {
  readonly to?: string;
  readonly withData?: boolean;
}

/** Takes the container of a definition back to a state that was good. */
export function rollBack(directory: string, options: RollbackOptions): Promise<number> {
  return withContext(options, async (context) => {
    const defined = await defineDirectory(context, directory, options);
    const { settings, signal, ports, terminal } = context;
    terminal.progress.tell({ kind: 'stage', title: `rollback ${defined.desired.name}` });
    const to = options.to === undefined ? {} : { to: await ports.source.resolve(defined.directory, options.to) };
    const wish = { ...to, withData: options.withData === true };
    const outcome = await rollback(ports, { settings, signal, ...defined }, wish);
    show(outcome, context, options);
    return exitCodeOf(outcome);
  });
}

/** What runs, and what can be gone back to. */
export function history(directory: string, options: CommonOptions): Promise<number> {
  return withContext(options, async (context) => {
    const { terminal, ports, settings, signal } = context;
    const { desired } = await defineDirectory(context, directory, options);
    const run = new ContainerRun(ports, { settings, signal, desired, scope: 'plan' });
    const seen = await run.observe();
    if (seen.kind === 'absent') {
      throw new GitopsError('user', `Unable to tell the history of ${desired.name}: it is not deployed`);
    }
    const { vmid, commit, good, bad, attempt, history: past = [] } = seen.mark;
    if (options.json === true) {
      terminal.json(JSON.stringify({ version: 1, vmid, commit, good, bad, attempt, history: past }));
      return 0;
    }
    const row = (sign: string, { commit: of, at, way }: PastState): string =>
      `${sign} ${at.slice(0, 16).replace('T', ' ')}  ${(of ?? 'no commit').slice(0, 12).padEnd(12)}  ${wayText(way)}`;
    terminal.print([
      `* now               ${(commit ?? 'no commit').slice(0, 12).padEnd(12)}  ${good === undefined || good.commit !== commit ? '' : `good since ${good.at.slice(0, 16).replace('T', ' ')}`}`.trimEnd(),
      ...(attempt === undefined ? [] : [row('~', attempt)]),
      ...past.map((state) => row('-', state)),
      ...(bad === undefined ? [] : [`  failed last: ${bad.slice(0, 12)}`]),
      ...(past.length === 0 ? ['  no earlier state is kept yet'] : []),
    ]);
    return 0;
  });
}

function wayText(way: PastState['way']): string {
  switch (way.kind) {
    case 'snapshot':
      return `snapshot ${way.name}`;
    case 'backup':
      return `backup ${way.volid}`;
    case 'converge':
      return 'configured again from git';
    case 'none':
      return 'not kept';
    default:
      return way satisfies never;
  }
}

/** What differs between two commits of a definition; touches no server. */
export function diff(directory: string, before: string, after: string, options: CommonOptions): Promise<number> {
  return withContext(options, async (context) => {
    const { terminal, ports } = context;
    const defined = await defineDirectory(context, directory, options);
    const from = await ports.source.resolve(defined.directory, before);
    const to = await ports.source.resolve(defined.directory, after);
    const differences = differencesOf(await desiredAt(context, defined, from), await desiredAt(context, defined, to));
    const files = await ports.source.changedFiles(defined.directory, from, to);
    if (options.json === true) {
      terminal.json(JSON.stringify({ version: 1, from, to, differences, files }));
      return 0;
    }
    const lines = differences.map(({ key, from: was = '-', to: is = '-' }) => `  ${key}: ${was} → ${is}`);
    terminal.print([
      `${defined.desired.name}: ${from.slice(0, 12)} → ${to.slice(0, 12)}`,
      ...(lines.length === 0 ? ['  no field of the definition differs'] : lines),
      ...files.map((file) => `  ${file}`),
    ]);
    return 0;
  });
}

async function desiredAt({ ports, settings }: Context, defined: Defined, commit: string): Promise<Desired> {
  const { name, owner, stage } = defined.desired;
  const past = await ports.source.at(defined.directory, commit);
  try {
    return await define(ports, settings, past.directory, { name, owner, stage, commit });
  } finally {
    await past.close();
  }
}
