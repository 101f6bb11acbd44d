import { configure, deploy, destroy, preview, snapshot } from '../../src/deploy.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { Ports } from '../../src/model/ports.ts';
import { exitCodeOf } from '../../src/report/exit-code.ts';
import { outcomeJson, renderOutcome } from '../../src/report/outcome.ts';
import { planTitle } from '../../src/report/plan.ts';
import type { RunOptions } from '../../src/run.ts';
import { type CommonOptions, type Context, defineDirectory, withContext } from './context.ts';

type Stretch = (
  ports: Ports,
  options: Omit<RunOptions, 'scope'>,
  deleteVolumes?: readonly string[],
) => Promise<Outcome>;

export interface DeployOptions extends CommonOptions {
  readonly force?: boolean;
  readonly detailedExitcode?: boolean;
  /** A new root file system although nothing differs. */
  readonly rebuild?: boolean;
  /** Names of volumes that die with the container. */
  readonly deleteVolume?: readonly string[];
}

const STRETCHES = { plan: preview, deploy, configure, destroy, snapshot } as const satisfies Record<string, Stretch>;

/** The commands that take a definition's directory through a stretch of the flow. */
export function runStretch(name: keyof typeof STRETCHES, directory: string, options: DeployOptions): Promise<number> {
  return withContext(options, async (context) => {
    const defined = await defineDirectory(context, directory, options);
    context.terminal.progress.tell({
      kind: 'stage',
      title: `${options.rebuild === true ? 'rebuild' : name} ${defined.desired.name}`,
    });
    const { settings, signal, ports } = context;
    const stretch: Stretch = STRETCHES[name];
    const { force = false, rebuild = false } = options;
    const given = { settings, signal, ...defined, force, rebuild };
    const outcome = await stretch(ports, given, options.deleteVolume);
    show(outcome, context, options);
    return exitCodeOf(outcome, options.detailedExitcode === true);
  });
}

export function show(outcome: Outcome, { terminal, local }: Context, options: DeployOptions): void {
  terminal.progress.close();
  if (options.json === true) {
    terminal.json(outcomeJson(outcome));
    return;
  }
  if (outcome.kind !== 'planned' && outcome.plan !== undefined)
    terminal.print([terminal.style.dim(planTitle(outcome.plan))]);
  if (local?.control !== undefined && outcome.kind === 'done') {
    terminal.print(['note: the node is simulated: no command ran inside a container, and no service answers']);
  }
  terminal.print(renderOutcome(outcome, terminal.style));
}
