import { restoreWayPoint } from '../apply/back/restore.ts';
import { takeWayBack } from '../apply/back/take.ts';
import { call, DEADLINES } from '../apply/deadlines.ts';
import { gatherBackFacts } from '../apply/facts.ts';
import type { Holding } from '../apply/lease.ts';
import { define } from '../deploy.ts';
import type { HealthCheck } from '../model/definition.ts';
import { GitopsError, isGitopsError } from '../model/errors.ts';
import type { FleetReport } from '../model/fleet-report.ts';
import type { Mark, Way } from '../model/mark.ts';
import type { Ports, Shell } from '../model/ports.ts';
import type { Settings } from '../model/settings.ts';
import { chooseWayBack } from '../plan/way-back.ts';
import { verify } from '../verify/verify.ts';
import { addressOf } from './address.ts';
import { type DefinitionOf, type FleetOptions, forEach, liveContainers, OwnContainer } from './own.ts';

export interface UpdateOptions extends FleetOptions {
  /** Also those that could not be taken back. */
  readonly withoutWayBack: boolean;
  /** Addresses of the machine that this runs on. */
  readonly here?: readonly string[];
}

type Done = Omit<FleetReport, 'name' | 'stage' | 'vmid'>;

const HEALTH = { deadlineMs: 60_000, intervalMs: 500 } as const;

/** Refreshes the lists and prints the packages that would be upgraded. */
const LOOK = `set -eu
command -v apt-get >/dev/null || { echo 'error: no apt-get here: only Debian and its kin are updated' >&2; exit 3; }
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
apt-get update -qq >&2
apt-get -s -o Debug::NoLocking=true upgrade | sed -n 's/^Inst \\([^ ]*\\).*/\\1/p'`;

/** Files that people have changed stay as they are. Prints "reboot" when a package asks for one. */
const UPGRADE = `set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
apt-get -y -q -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold upgrade >&2
apt-get clean
[ ! -e /run/reboot-required ] || echo reboot`;

/**
 * Packages of each container: its state is kept, the packages are upgraded, it is restarted when one asks for it, and verified; what
 * does not come up again is taken back.
 */
export async function update(
  ports: Ports,
  settings: Settings,
  options: UpdateOptions,
  definitionOf: DefinitionOf,
): Promise<readonly FleetReport[]> {
  const { signal } = options;
  return forEach(await liveContainers(ports, options), ports, signal, async (mark) => {
    const health = await healthOf(ports, settings, mark, definitionOf);
    const container = new OwnContainer(ports, mark, signal);
    return container.held((holding) => updateOne(container, holding, health, options));
  });
}

async function updateOne(
  container: OwnContainer,
  holding: Holding,
  health: readonly HealthCheck[],
  options: UpdateOptions,
): Promise<Done> {
  const { ports, signal } = container;
  const { state, mark } = holding;
  if (!state.running) return { state: 'skipped', text: 'it is stopped', details: [] };
  if (mark.attempt !== undefined || mark.promotion !== undefined)
    return { state: 'skipped', text: 'a deploy of it was cut off: deploy it again first', details: [] };
  // A restart, or a way back, would end what is at work.
  const { here = [] } = options;
  if (here.length > 0 && here.includes(await addressOf(ports, state, signal)))
    return { state: 'skipped', text: 'this run is in it: rebuild it, or update it from a command line', details: [] };
  const packages = await inside(container, holding, 'look for upgrades', LOOK);
  if (packages.length === 0) return { state: 'ok', text: 'nothing to upgrade', details: [] };
  const facts = await gatherBackFacts(ports, holding, 'auto', signal);
  const way = chooseWayBack('auto', state.config, mark.good?.commit, facts);
  const kept = way.kind === 'snapshot' || way.kind === 'backup' ? way : undefined;
  if (kept === undefined && !options.withoutWayBack) {
    const reason = way.kind === 'converge' || way.kind === 'none' ? way.reason : '';
    const text = `${packages.length} packages to upgrade; left, because it could not be taken back: ${reason}`;
    return { state: 'skipped', text, details: ['--without-way-back upgrades it all the same, rebuild makes it anew'] };
  }
  const point = kept === undefined ? undefined : await takeWayBack(ports, holding, kept, mark.commit, signal);
  if (point !== undefined) await container.change((now) => ({ ...now, attempt: point.attempt }));
  try {
    const asked = await inside(container, await container.observe(), 'upgrade packages', UPGRADE);
    if (asked.includes('reboot')) {
      const { node, vmid } = state;
      await ports.containers.reboot(node, vmid, DEADLINES.graceSeconds, call(DEADLINES.power, signal));
    }
    await assertHealthy(container, health);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (signal.aborted || point === undefined) throw error;
    await takeBack(container, point.attempt.way);
    return { state: 'failed', text: `${reason}; it is what it was before the upgrade`, details: packages };
  }
  await settle(container, point?.attempt.way);
  return { state: 'changed', text: `${packages.length} packages upgraded, verified`, details: packages };
}

/** History is of commits: the state before an upgrade is kept until the upgrade has been proven, and no longer. */
async function settle(container: OwnContainer, way: Way | undefined): Promise<void> {
  const { node, vmid } = (await container.observe()).state;
  await container.change(({ attempt: _, ...mark }) => mark);
  const { ports, signal } = container;
  if (way?.kind === 'snapshot') await ports.snapshots.drop(node, vmid, way.name, call(DEADLINES.power, signal));
  if (way?.kind === 'backup') await ports.backups.remove(node, vmid, way.volid, call(DEADLINES.power, signal));
}

async function takeBack(container: OwnContainer, way: Way): Promise<void> {
  const { ports, signal } = container;
  if (way.kind !== 'snapshot' && way.kind !== 'backup') return;
  await restoreWayPoint(ports, await container.observe(), way, () => container.observe(), signal);
  const { state } = await container.observe();
  if (!state.running) await ports.containers.start(state.node, state.vmid, call(DEADLINES.power, signal));
  await assertHealthy(container, []);
  await settle(container, way);
}

async function assertHealthy(container: OwnContainer, health: readonly HealthCheck[]): Promise<void> {
  const { ports, signal } = container;
  const holding = await container.observe();
  await withShell(container, holding, async (shell) => {
    const tell = ports.reporter.tell.bind(ports.reporter);
    const results = await verify(shell, health, HEALTH, ports.clock, call(DEADLINES.reachable, signal), tell);
    const failing = results.filter(({ ok }) => !ok).map(({ check, detail }) => `${check}: ${detail}`);
    if (failing.length > 0)
      throw new GitopsError('remote', `Unable to verify container ${holding.state.vmid}: ${failing.join('; ')}`);
  });
}

/** Lines of standard output. */
async function inside(
  container: OwnContainer,
  holding: Holding,
  name: string,
  script: string,
): Promise<readonly string[]> {
  return withShell(container, holding, async (shell) => {
    const said: string[] = [];
    const argv = ['sh', '-c', script];
    const onLine = (text: string): void => {
      said.push(text);
      container.ports.reporter.tell({ kind: 'line', text });
    };
    const { exitCode, stdout } = await shell.run({ name, argv, onLine }, call(DEADLINES.baseline, container.signal));
    if (exitCode === 0) return stdout.split('\n').filter((line) => line.trim() !== '');
    const last = said.findLast((line) => /^(?:E:|error:)/.test(line)) ?? said.at(-1) ?? 'it said nothing';
    throw new GitopsError('remote', `Unable to ${name} in container ${holding.state.vmid}: ${last}`, {
      log: said.slice(-20),
    });
  });
}

async function withShell<T>(
  container: OwnContainer,
  { state, mark }: Holding,
  work: (shell: Shell) => Promise<T>,
): Promise<T> {
  const { ports, signal } = container;
  const { vmid, node } = state;
  const address = await addressOf(ports, state, signal);
  const reach = call(DEADLINES.reachable, signal);
  const shell = await ports.shells.open({ vmid, node, address, hostKeys: mark.hostKeys }, reach);
  try {
    return await work(shell);
  } finally {
    await shell.close();
  }
}

/** Without the definition: that no unit of the system has failed. */
async function healthOf(
  ports: Ports,
  settings: Settings,
  mark: Mark,
  definitionOf: DefinitionOf,
): Promise<readonly HealthCheck[]> {
  const { name, owner, stage, commit } = mark;
  try {
    const found = await definitionOf(mark);
    if (found === undefined) return [];
    try {
      const who = { name, owner, stage, ...(commit === undefined ? {} : { commit }) };
      return (await define(ports, settings, found.directory, who)).health;
    } finally {
      await found.close();
    }
  } catch (error) {
    if (!isGitopsError(error)) throw error;
    ports.reporter.tell({ kind: 'note', text: `${name}: its own checks are not known here: ${error.message}` });
    return [];
  }
}
