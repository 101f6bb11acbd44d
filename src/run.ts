import type { ConvergeInput, GuestDone, Observation } from './apply/context.ts';
import { call, DEADLINES } from './apply/deadlines.ts';
import { type Facts, gatherFacts } from './apply/facts.ts';
import type { Holding } from './apply/lease.ts';
import { observe } from './apply/observe.ts';
import { WEB_PORTS } from './apply/outcome.ts';
import { baselineHash, runBaseline } from './baseline/debian.ts';
import { configurationParts, configure as runEngine } from './configure/configure.ts';
import { guestEnvironment } from './configure/environment.ts';
import type { Desired } from './model/desired.ts';
import { GitopsError } from './model/errors.ts';
import type { CheckResult } from './model/outcome.ts';
import type { Plan, Step } from './model/plan.ts';
import type { Ports, Shell } from './model/ports.ts';
import type { Settings } from './model/settings.ts';
import { identityOf, ownershipOf, qemuRefusal, refusal } from './plan/ownership.ts';
import { plan } from './plan/plan.ts';
import { verify } from './verify/verify.ts';

/** Which steps a stretch of the flow may take; what else is due is said and left. */
export type Scope = 'all' | 'resources' | 'configuration';

export interface RunOptions {
  readonly settings: Settings;
  readonly desired: Desired;
  readonly scope: Scope;
  /** Where the definition's files are; needed to configure. */
  readonly directory?: string;
  /** Configure although nothing has changed. */
  readonly force?: boolean;
  /** The forge's host, handed to scripts as HOST. */
  readonly forgeHost?: string;
  readonly signal: AbortSignal;
}

/** A service gets a minute to become healthy. */
const HEALTH = { deadlineMs: 60_000, intervalMs: 500 } as const;

const RESOURCES: readonly Step['kind'][] = [
  'download',
  'create',
  'update',
  'resize',
  'replace',
  'start',
  'restart',
  'stop',
  'destroy',
  'baseline',
];

/** One run for one container: how it is seen, what is due, and what happens inside it. */
export class ContainerRun {
  readonly checks: CheckResult[] = [];
  private readonly ports: Ports;
  private readonly options: RunOptions;
  private facts: Facts | undefined;
  private configuration: string | undefined;
  private baseline = '';
  private shell: Shell | undefined;

  constructor(ports: Ports, options: RunOptions) {
    this.ports = ports;
    this.options = options;
  }

  async input(): Promise<ConvergeInput> {
    const { desired, settings, directory, scope } = this.options;
    this.baseline = baselineHash(desired.baseline, await this.ports.keys.authority());
    if (directory !== undefined && scope !== 'resources' && desired.engine !== 'none') {
      const parts = configurationParts(desired.engine, await this.ports.source.digest(directory), this.environment(0));
      this.configuration = await this.ports.keys.seal(parts);
    }
    return {
      ports: this.ports,
      signal: this.options.signal,
      sshKeys: desired.baseline.sshKeys,
      observe: () => this.observe(),
      decide: (observation, done) => this.decide(observation, done),
      newMark: (vmid, template) => ({
        ...identityOf(settings.site, desired),
        vmid,
        role: 'live',
        ...(desired.commit === undefined ? {} : { commit: desired.commit }),
        template,
        applied: {},
        hostKeys: [],
      }),
      guest: { baseline: (holding) => this.runBaseline(holding), configure: (holding) => this.configure(holding) },
    };
  }

  async observe(): Promise<Observation> {
    const { desired, settings, signal } = this.options;
    const identity = identityOf(settings.site, desired);
    const seen = await observe<Observation>({
      ...this.ports,
      desired,
      signal,
      ...(settings.connection.node === undefined ? {} : { defaultNode: settings.connection.node }),
      judge: {
        claim(state) {
          const ownership = ownershipOf(state, identity);
          if (ownership.kind !== 'ours') throw refusal(state.vmid, state.node, ownership);
          return { kind: 'present', state, mark: ownership.mark, text: ownership.text };
        },
        qemu: qemuRefusal,
        matches: (mark) =>
          Object.entries(identity).every(([key, value]) => mark[key as keyof typeof identity] === value),
      },
    });
    const observation = seen.kind === 'absent' ? seen : seen.found;
    const node = observation.kind === 'absent' ? observation.node : observation.state.node;
    this.facts ??= await gatherFacts({ ...this.ports, desired, signal }, node, observation.kind === 'absent');
    return observation;
  }

  decide(observation: Observation, done: ReadonlySet<Step['kind']>): Plan {
    const { desired, settings, scope, force = false } = this.options;
    const facts = this.facts ?? { storage: desired.templateStorage, present: [], offered: [] };
    const whole = plan({
      desired,
      observed: observation,
      templates: facts,
      due: { baseline: this.baseline, configuration: this.configuration, force: force && !done.has('configure') },
      ...(settings.share === undefined ? {} : { share: settings.share }),
    });
    if (scope === 'all') return done.has('download') ? withoutDownload(whole) : whole;
    const inScope = (step: Step): boolean => RESOURCES.includes(step.kind) === (scope === 'resources');
    const left = whole.steps.filter((step) => !inScope(step));
    const notes =
      scope === 'configuration' && left.length > 0
        ? [`pending for release: ${left.map((step) => step.kind).join(', ')}`]
        : [];
    const kept = { ...whole, steps: whole.steps.filter(inScope), notes: [...whole.notes, ...notes] };
    return done.has('download') ? withoutDownload(kept) : kept;
  }

  /** Health of a container that was not configured in this run. Empty when it was: that has verified already. */
  async verifyUnlessDone(observation: Observation): Promise<readonly CheckResult[]> {
    if (this.checks.length > 0 || observation.kind === 'absent') return this.checks;
    return this.verify(observation);
  }

  /** The address that the container answers at. */
  async addressOf(holding: Holding): Promise<string> {
    const ipv4 = this.options.desired.interfaces[0]?.ipv4;
    if (ipv4?.kind === 'static') return ipv4.address;
    const { node, vmid } = holding.state;
    const until = this.ports.clock.now().getTime() + DEADLINES.reachable;
    for (let wait = 100; this.ports.clock.now().getTime() < until; wait = Math.min(wait * 2, 2000)) {
      const found = await this.ports.inventory.addresses(node, vmid, call(DEADLINES.read, this.options.signal));
      const address = found.find((entry) => entry.includes('.')) ?? found[0];
      if (address !== undefined) return address;
      await this.ports.clock.sleep(wait, this.options.signal);
    }
    throw new GitopsError('remote', `Unable to reach container ${vmid}: it got no address from DHCP`);
  }

  openWebPorts(address: string): Promise<readonly number[]> {
    return this.ports.shells.openPorts(address, WEB_PORTS, call(DEADLINES.answers, this.options.signal));
  }

  async close(): Promise<void> {
    await this.shell?.close();
  }

  private async runBaseline(holding: Holding): Promise<GuestDone> {
    const { desired, signal } = this.options;
    const input = { ...desired.baseline, vmid: holding.state.vmid, authority: await this.ports.keys.authority() };
    const shell = await this.open(holding);
    const { clock, reporter } = this.ports;
    const result = await runBaseline(shell, input, clock, call(DEADLINES.baseline, signal), (event) =>
      reporter.tell(event),
    );
    return { result, mark: { applied: { baseline: this.baseline } } };
  }

  /** A configuration counts as applied only once the container has been verified with it. */
  private async configure(holding: Holding): Promise<GuestDone> {
    const { desired, directory, signal } = this.options;
    if (directory === undefined) throw new GitopsError('bug', 'configure without the definition’s directory');
    const { clock, reporter, source } = this.ports;
    const environment = this.environment(holding.state.vmid);
    const input = { vmid: holding.state.vmid, archive: source.archive(directory), environment };
    const shell = await this.open(holding);
    const tell = reporter.tell.bind(reporter);
    const result = await runEngine(desired.engine, shell, input, clock, call(DEADLINES.configure, signal), tell);
    const failed = (await this.verify(holding)).filter((check) => !check.ok);
    if (failed.length > 0) {
      throw new GitopsError(
        'remote',
        `Unable to verify container ${holding.state.vmid}: ${failed.map((c) => `${c.check}: ${c.detail}`).join('; ')}`,
      );
    }
    const applied = this.configuration === undefined ? {} : { configuration: this.configuration };
    const { commit } = desired;
    const good = commit === undefined ? {} : { commit, good: { commit, at: this.serverNow() } };
    return { result, mark: { applied, ...good } };
  }

  private async verify(holding: Holding): Promise<readonly CheckResult[]> {
    const { desired, signal } = this.options;
    const { clock, reporter } = this.ports;
    const shell = await this.open(holding);
    const tell = reporter.tell.bind(reporter);
    const what = 'verify';
    tell({ kind: 'started', what });
    const results = await verify(shell, desired.health, HEALTH, clock, call(DEADLINES.reachable, signal), tell);
    const failed = results.filter((result) => !result.ok);
    if (failed.length === 0) tell({ kind: 'finished', what });
    else tell({ kind: 'failed', what, message: failed.map((result) => result.check).join(', ') });
    this.checks.splice(0, this.checks.length, ...results);
    return results;
  }

  private async open(holding: Holding): Promise<Shell> {
    if (this.shell !== undefined) return this.shell;
    const { node, vmid } = holding.state;
    const { hostKeys } = holding.mark;
    const target = { vmid, node, address: await this.addressOf(holding), hostKeys };
    this.shell = await this.ports.shells.open(target, call(DEADLINES.reachable, this.options.signal));
    return this.shell;
  }

  private environment(vmid: number): Readonly<Record<string, string>> {
    const { desired, settings, forgeHost } = this.options;
    const ipv4 = desired.interfaces[0]?.ipv4;
    return guestEnvironment({
      id: desired.vmid.kind === 'fixed' ? (desired.vmid.id ?? desired.vmid.vmid) : vmid,
      hostname: desired.hostname,
      stage: desired.stage,
      ...(ipv4?.kind === 'static' ? { ip: ipv4.address } : {}),
      ...(forgeHost === undefined ? {} : { host: forgeHost }),
      ...(settings.login === undefined ? {} : { login: settings.login }),
      ...(settings.password === undefined ? {} : { password: settings.password }),
    });
  }

  private serverNow(): string {
    return (this.ports.inventory.serverTime() ?? this.ports.clock.now()).toISOString();
  }
}

/** The templates were read before the download; they are not read again only to see it. */
function withoutDownload(whole: Plan): Plan {
  return { ...whole, steps: whole.steps.filter((step) => step.kind !== 'download') };
}
