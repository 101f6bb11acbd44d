import type { ConvergeInput, Observation, Taken } from './apply/context.ts';
import { type BackFacts, type Facts, gatherBackFacts, gatherFacts } from './apply/facts.ts';
import { observe } from './apply/observe.ts';
import { NO_VOLUME_FACTS } from './apply/volume-facts.ts';
import { missingSecrets } from './configure/secrets.ts';
import { GuestSession } from './guest-session.ts';
import type { Desired } from './model/desired.ts';
import type { Plan, Step } from './model/plan.ts';
import type { Ports } from './model/ports.ts';
import type { Settings } from './model/settings.ts';
import { identityOf, ownershipOf, qemuRefusal, refusal } from './plan/ownership.ts';
import { plan } from './plan/plan.ts';
import { volumesForMark } from './plan/volumes.ts';
import { isRisky, needsWayBack } from './plan/way-back.ts';

/** Which steps a stretch of the flow may take; what else is due is said and left. `plan`: it takes none. */
export type Scope = 'all' | 'plan' | 'resources' | 'configuration';

export interface RunOptions {
  readonly settings: Settings;
  readonly desired: Desired;
  readonly scope: Scope;
  /** Where the definition's files are; needed to configure. */
  readonly directory?: string;
  /** Configure although nothing has changed. */
  readonly force?: boolean;
  /** Go back to an older commit on purpose. */
  readonly back?: boolean;
  /** The forge's host, handed to scripts as HOST. */
  readonly forgeHost?: string;
  readonly signal: AbortSignal;
}

const RESOURCES: ReadonlySet<Step['kind']> = new Set([
  ...(['download', 'create', 'update', 'resize', 'pool', 'discard', 'retire', 'revive', 'replace'] as const),
  ...(['start', 'restart', 'stop', 'destroy', 'baseline'] as const),
]);

/** One run for one container: how it is seen and what is due. */
export class ContainerRun {
  readonly guest: GuestSession;
  private readonly ports: Ports;
  private readonly options: RunOptions;
  private facts: Facts | undefined;
  private backFacts: BackFacts | undefined;
  private newer: { readonly deployed?: string } | undefined;
  private hashes: Awaited<ReturnType<GuestSession['hashes']>> = { baseline: '', configuration: undefined };
  private readonly notes: string[] = [];

  constructor(ports: Ports, options: RunOptions) {
    this.ports = ports;
    this.options = options;
    this.guest = new GuestSession(ports, options);
  }

  async input(): Promise<ConvergeInput> {
    const { desired, settings, signal } = this.options;
    await this.hash();
    const { guest } = this;
    return {
      ports: this.ports,
      signal,
      sshKeys: desired.baseline.sshKeys,
      observe: () => this.observe(),
      decide: (observation, done) => this.decide(observation, done),
      volumes: ({ state, mark }, done) =>
        volumesForMark(
          state,
          mark,
          desired,
          (volid) => this.facts?.missing.has(volid) === true || done.has(`destroyed ${volid}`),
        ),
      newMark: (vmid, template) => ({
        ...identityOf(settings.site, desired),
        vmid,
        role: 'live',
        ...(desired.commit === undefined ? {} : { commit: desired.commit }),
        template,
        applied: {},
        hostKeys: [],
      }),
      guest: {
        baseline: (holding) => guest.runBaseline(holding),
        configure: (holding) => guest.configure(holding),
      },
    };
  }

  /** A plan does not need the secrets: without them it cannot tell whether configure is due, and says so. */
  private async hash(): Promise<void> {
    const { desired, scope } = this.options;
    const configures = desired.state === 'present' && desired.engine !== 'none' && scope !== 'resources';
    const missing = configures && scope === 'plan' ? missingSecrets(desired.secrets, this.ports.secrets) : [];
    if (missing.length > 0)
      this.notes.push(`no value here for ${missing.join(', ')}: whether configure is due is not known`);
    this.hashes = await this.guest.hashes(configures && missing.length === 0);
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
        claim(state, guest) {
          const ownership = ownershipOf(state, identity);
          if (ownership.kind !== 'ours') throw refusal(state.vmid, state.node, ownership);
          const pool = guest?.pool === undefined ? {} : { pool: guest.pool };
          return { kind: 'present', state, mark: ownership.mark, text: ownership.text, ...pool };
        },
        qemu: qemuRefusal,
        matches: (mark) =>
          Object.entries(identity).every(([key, value]) => mark[key as keyof typeof identity] === value),
      },
    });
    const found = seen.kind === 'absent' ? seen : seen.found;
    this.facts ??= await gatherFacts({ ...this.ports, desired, site: settings.site, signal }, found);
    if (found.kind === 'present') this.newer ??= await this.newerDeployed(found.mark.commit);
    if (found.kind === 'present' && this.backFacts === undefined) {
      const { steps } = this.decide(found, new Set());
      if (needsWayBack(found.mark, steps))
        this.backFacts = await gatherBackFacts(this.ports, found, desired.wayBack, signal);
    }
    return found;
  }

  /** Where the repository's history tells that a newer commit is deployed. */
  private async newerDeployed(deployed: string | undefined): Promise<{ readonly deployed?: string }> {
    const { desired, directory, back = false } = this.options;
    if (back || directory === undefined || deployed === undefined || desired.commit === undefined) return {};
    const older = await this.ports.source.isAncestor(directory, desired.commit, deployed);
    return older === true ? { deployed } : {};
  }

  decide(observation: Observation, done: ReadonlySet<Taken>): Plan {
    const { desired, settings, scope, force = false } = this.options;
    const { storage, present, offered, sizes, missing, dependencies } = this.facts ?? noFacts(desired);
    const { user, password } = settings.connection;
    const whole = plan({
      desired,
      observed: observation,
      templates: { storage, present, offered },
      due: { ...this.hashes, force: force && !done.has('configure') },
      sizes,
      missing,
      dependencies,
      now: this.ports.inventory.serverTime() ?? this.ports.clock.now(),
      ...(this.backFacts === undefined ? {} : { wayBack: this.backFacts }),
      ...(this.newer?.deployed === undefined ? {} : { newerDeployed: this.newer.deployed }),
      rootLogin: user === 'root@pam' && password !== undefined,
      without: done,
      ...(settings.share === undefined ? {} : { share: settings.share }),
      ...(settings.pool === undefined ? {} : { pool: settings.pool }),
    });
    const noted = { ...whole, notes: [...whole.notes, ...this.notes] };
    const scoped = scope === 'all' || scope === 'plan' ? noted : within(noted, scope);
    return done.has('download') ? withoutDownload(scoped) : scoped;
  }

  async close(): Promise<void> {
    await this.guest.close();
  }
}

function noFacts(desired: Desired): Facts {
  return { storage: desired.templateStorage, present: [], offered: [], ...NO_VOLUME_FACTS, dependencies: [] };
}

/** The part of a plan that a stretch takes; what else is due is said and left. */
function within(whole: Plan, scope: 'resources' | 'configuration'): Plan {
  const inScope = (step: Step): boolean => RESOURCES.has(step.kind) === (scope === 'resources');
  const due = whole.steps.filter((step) => step.kind !== 'keep' && inScope(step));
  const steps = isRisky(due) ? [...whole.steps.filter(({ kind }) => kind === 'keep'), ...due] : due;
  if (scope === 'resources') return { ...whole, steps };
  const left = whole.steps.filter((step) => step.kind !== 'keep' && !inScope(step));
  const notes = left.length === 0 ? [] : [`pending for release: ${left.map((step) => step.kind).join(', ')}`];
  // Nothing of these is done here, so nothing of it can be refused, and no data is touched.
  const data = whole.data
    .filter(({ fate }) => fate !== 'new')
    .map((line) => ({ ...line, fate: line.fate === 'attached' ? ('detached' as const) : ('kept' as const) }));
  return { ...whole, steps, data, refusals: [], notes: [...whole.notes, ...notes] };
}

/** The templates were read before the download; they are not read again only to see it. */
function withoutDownload(whole: Plan): Plan {
  return { ...whole, steps: whole.steps.filter((step) => step.kind !== 'download') };
}
