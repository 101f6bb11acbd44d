import { listOwn } from '../../src/apply/list.ts';
import { preview } from '../../src/deploy.ts';
import { foundStopped } from '../../src/plan/moves.ts';
import { outcomeJson } from '../../src/report/outcome.ts';
import { planTitle, verdict } from '../../src/report/plan.ts';
import { type CommonOptions, type Context, defineDirectory, withContext } from './context.ts';
import { table } from './table.ts';

/** One definition: what runs and what a deploy would change. Without a directory: all containers of the site. */
export function status(directory: string | undefined, options: CommonOptions): Promise<number> {
  return withContext(options, (context) =>
    directory === undefined ? listAll(context, options) : showOne(context, directory, options),
  );
}

async function listAll({ ports, settings, terminal, signal }: Context, options: CommonOptions): Promise<number> {
  const all = await listOwn(ports.inventory, settings.site, signal);
  // Images have a list of their own.
  const own = all.filter(({ mark }) => mark.role !== 'image');
  if (options.json === true) {
    terminal.json(
      JSON.stringify({
        version: 1,
        site: settings.site,
        containers: own.map(({ state, mark }) => ({ mark, node: state.node, running: state.running })),
      }),
    );
    return 0;
  }
  if (own.length === 0) terminal.print([`no container of site ${settings.site} that this identity can see`]);
  const rows = own.map(({ state, mark }) => [
    mark.name,
    mark.stage,
    String(mark.vmid),
    state.node,
    state.running ? 'running' : 'stopped',
    mark.commit?.slice(0, 12) ?? '-',
    mark.lease === undefined ? '' : `held by ${mark.lease.by ?? mark.lease.run}`,
  ]);
  if (own.length > 0) terminal.print(table([['NAME', 'STAGE', 'VMID', 'NODE', 'STATE', 'COMMIT', ''], ...rows]));
  return 0;
}

async function showOne(context: Context, directory: string, options: CommonOptions): Promise<number> {
  const { ports, settings, terminal, signal } = context;
  const defined = await defineDirectory(context, directory, options);
  const outcome = await preview(ports, { settings, signal, ...defined });
  if (options.json === true) {
    terminal.json(outcomeJson(outcome));
    return 0;
  }
  if (outcome.kind !== 'planned') return 0;
  const { plan } = outcome;
  const absent = plan.steps.some((step) => step.kind === 'create');
  const state = absent ? 'not deployed' : foundStopped(plan.steps) ? 'stopped' : 'running';
  terminal.print([planTitle(plan), `  ${state}; a deploy would do: ${verdict(plan)}`]);
  return 0;
}
