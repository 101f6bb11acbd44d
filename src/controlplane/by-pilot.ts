import { preview } from '../deploy.ts';
import type { Plan } from '../model/plan.ts';
import type { Ports } from '../model/ports.ts';
import type { RunOptions } from '../run.ts';
import { dismissPilot, needsPilot, sendPilot } from './pilot.ts';
import { addressesNow, fixedAddresses, isControlPlane } from './place.ts';

interface Context {
  readonly ports: Ports;
  readonly inputs: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

interface Handed {
  readonly verb: string;
  readonly options: Omit<RunOptions, 'scope'>;
}

export interface Place {
  /** Of the machine that this runs on. */
  readonly addresses: readonly string[];
  /** Where the actions are. */
  readonly actions: string;
}

/**
 * A run inside the control plane's own container cannot stop it and go on. Answers with the pilot that does the rest. Any other container,
 * and a change for which this one goes on running, is the run's own work.
 */
export async function byPilot(
  { ports, inputs, environment }: Context,
  handed: Handed,
  place: Place,
): Promise<string | undefined> {
  const { verb, options } = handed;
  const { directory } = options;
  if (directory === undefined || (verb !== 'deploy' && verb !== 'rebuild')) return undefined;
  if (!(await runsIn(ports, options, directory, place.addresses))) return undefined;
  const outcome = await preview(ports, options);
  const plan: Plan | undefined = outcome.kind === 'planned' ? outcome.plan : undefined;
  if (verb !== 'rebuild' && !needsPilot(plan)) {
    if (plan?.vmid !== undefined) await dismissPilot(ports, options, plan.vmid);
    return undefined;
  }
  const run = Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => /^GITHUB_(?!EVENT_PATH$)/.test(entry[0]) && entry[1] !== undefined,
    ),
  );
  const { pilot, text } = await sendPilot(ports, {
    options,
    definition: directory,
    actions: place.actions,
    run,
    desired: inputs.desired ?? '',
    mode: verb,
  });
  ports.reporter.tell({ kind: 'note', text });
  return pilot;
}

/** Whether the run is in the container that it deploys. Where DHCP gives the address the node is asked, for a control plane only. */
export async function runsIn(
  ports: Ports,
  options: Handed['options'],
  definition: string,
  own: readonly string[],
): Promise<boolean> {
  const fixed = fixedAddresses(options.desired);
  const asked = fixed.length === 0 && (await isControlPlane(ports.source, definition));
  const addresses = asked ? await addressesNow(ports, options, { wait: false }) : fixed;
  return addresses.some((address) => own.includes(address));
}
