import { forgetOldBackups } from './apply/back/forget-old-backups.ts';
import { rewriteMark } from './apply/back/settle.ts';
import { converge } from './apply/converge.ts';
import { failedOutcome, finishedOutcome } from './apply/outcome.ts';
import type { Again } from './converge-again.ts';
import { definitionFiles } from './definition/files.ts';
import { parseDefinition } from './definition/parse.ts';
import type { Identity } from './desired/identity.ts';
import { resolve } from './desired/resolve.ts';
import { withDrift } from './drift.ts';
import { ansiblePlace } from './jobs/ansible-place.ts';
import { keepState } from './keep.ts';
import type { Desired } from './model/desired.ts';
import { GitopsError } from './model/errors.ts';
import type { Outcome } from './model/outcome.ts';
import type { Ports, Reporter, Source } from './model/ports.ts';
import { secretsFiles } from './model/secrets-file.ts';
import type { Settings } from './model/settings.ts';
import { foundStopped } from './plan/moves.ts';
import { ContainerRun, type RunOptions } from './run.ts';
import { goBack, held, type RollbackWish, rollback as rollBack, settle } from './way-back.ts';

/** Definition → desired: read, validate, resolve. Touches no server. */
export async function define(
  ports: { readonly source: Source; readonly reporter: Reporter },
  settings: Settings,
  directory: string,
  who: Identity,
): Promise<Desired> {
  const names = await ports.source.list(directory);
  if (names === undefined) throw new GitopsError('user', `Unable to read definition ${directory}: no such directory`);
  const wanted = [...definitionFiles(who.stage), ...secretsFiles(who.stage)];
  const there = new Set(names);
  const files = await ports.source.read(
    directory,
    wanted.filter((name) => there.has(name)),
  );
  const recipes = there.has('recipes') ? ((await ports.source.list(`${directory}/recipes`)) ?? []) : [];
  const listing = [...names, ...recipes.map((name) => `recipes/${name}`)];
  const definition = parseDefinition({ directory, stage: who.stage, files, names: listing });
  return resolve(definition, settings, who);
}

/** Observe → plan: what a run would do. Changes nothing. */
export function preview(ports: Ports, options: Omit<RunOptions, 'scope'>): Promise<Outcome> {
  return withRun(ports, { ...options, scope: 'plan' }, async (run) => {
    const { observation, plan } = await run.preview();
    const { define: again } = againOf(ports, { ...options, scope: 'plan' });
    return { kind: 'planned', plan: await withDrift(ports, { ...options, scope: 'plan' }, plan, observation, again) };
  });
}

/** Observe → plan → apply, then the baseline: a running container without its service. */
export function provision(ports: Ports, options: Omit<RunOptions, 'scope'>): Promise<Outcome> {
  return stretch(ports, { ...options, scope: 'resources' });
}

/** Configure → verify: the service, without any change to the container's resources. Nothing deployed yet: a plan that says so. */
export async function configure(ports: Ports, options: Omit<RunOptions, 'scope'>): Promise<Outcome> {
  const looked = await preview(ports, options);
  const waiting =
    looked.kind === 'planned'
      ? looked.plan.steps.find(({ kind }) => kind === 'create' || (kind === 'start' && foundStopped(looked.plan.steps)))
      : undefined;
  if (looked.kind !== 'planned' || waiting === undefined) return stretch(ports, { ...options, scope: 'configuration' });
  const state = waiting.kind === 'create' ? 'not deployed yet' : 'stopped';
  const notes = [
    ...looked.plan.notes,
    `the container is ${state}: nothing was configured; deploy it (merge into release)`,
  ];
  return { kind: 'planned', plan: { ...looked.plan, notes } };
}

/** The whole flow. */
export function deploy(ports: Ports, options: Omit<RunOptions, 'scope'>): Promise<Outcome> {
  return stretch(ports, { ...options, scope: 'all' });
}

/**
 * Stops and removes the container of a definition, when it is ours; one with volumes that are to be kept is retired.
 * `deleteVolumes`: names of volumes that die with it, as if git said so.
 */
export function destroy(
  ports: Ports,
  options: Omit<RunOptions, 'scope'>,
  deleteVolumes: readonly string[] = [],
): Promise<Outcome> {
  const { desired } = options;
  const deletedVolumes = [...new Set([...desired.deletedVolumes, ...deleteVolumes])];
  const volumes = desired.volumes.filter(({ name }) => !deletedVolumes.includes(name));
  return stretch(ports, {
    ...options,
    desired: { ...desired, volumes, deletedVolumes, state: 'absent' },
    scope: 'resources',
  });
}

/** Keeps the container's present state because somebody asks for it. */
export function snapshot(ports: Ports, options: Omit<RunOptions, 'scope'>): Promise<Outcome> {
  return keepState(ports, { ...options, scope: 'resources' });
}

/** Takes the container back to a state that was good: the one before, or the one of a commit. */
export function rollback(ports: Ports, options: Omit<RunOptions, 'scope'>, wish: RollbackWish): Promise<Outcome> {
  const whole: RunOptions = { ...options, scope: 'all' };
  return rollBack(ports, whole, wish, againOf(ports, whole));
}

/** A stretch whose failure is followed by the way back. */
async function stretch(ports: Ports, options: RunOptions): Promise<Outcome> {
  const outcome = await attempt(ports, options);
  return outcome.kind === 'failed' ? goBack(ports, options, outcome, againOf(ports, options)) : outcome;
}

/** The flow once more, for a definition as it was. */
function againOf(ports: Ports, { settings, desired }: RunOptions): Again {
  const { name, owner, stage } = desired;
  return {
    define: (directory, commit) => define(ports, settings, directory, { name, owner, stage, commit }),
    run: (options) => attempt(ports, options, false),
  };
}

/** `proves`: what came before it can be gone back to from then on. */
function attempt(ports: Ports, options: RunOptions, proves = true): Promise<Outcome> {
  return withRun(ports, options, async (run) => {
    const began = ports.clock.now().getTime();
    const { guest } = run;
    const converged = await converge(await run.input());
    if (converged.kind === 'failed') return failedOutcome(converged, guest.checks);
    const { health, state } = options.desired;
    const { observation } = converged;
    const serves = observation.kind === 'present' && state === 'present';
    const checks = serves && options.scope !== 'resources' ? await guest.verifyUnlessDone(observation) : [];
    const address = serves ? await guest.addressOf(observation) : undefined;
    const milliseconds = ports.clock.now().getTime() - began;
    const openPorts = health.length > 0 || address === undefined ? [] : await guest.openWebPorts(address);
    const outcome = finishedOutcome({ converged, checks, address, health, openPorts, milliseconds });
    if (proves && outcome.kind === 'done' && options.scope !== 'resources') {
      await settle(ports, run, observation);
      if (observation.kind === 'present')
        await forgetOldBackups(ports, observation.mark, options.signal, (work) =>
          held(ports, run, (input, holding) => work(holding, (to) => rewriteMark(input, to))),
        );
    }
    return outcome;
  });
}

async function withRun(
  ports: Ports,
  options: RunOptions,
  work: (run: ContainerRun) => Promise<Outcome>,
): Promise<Outcome> {
  const run = new ContainerRun(ports, { ...options, ansible: (target) => ansiblePlace(ports, options, target) });
  try {
    return await work(run);
  } finally {
    await run.close();
  }
}
