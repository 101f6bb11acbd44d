import type { ConvergeInput, Done, Observation, Taken } from './apply/context.ts';
import { type Facts, gatherFacts, noFacts } from './apply/facts.ts';
import { refuseTakenAddress } from './apply/free-address.ts';
import { newerDeployed } from './apply/newer-deployed.ts';
import { observe } from './apply/observe.ts';
import { candidateOf } from './candidate-address.ts';
import type { ForgeOptions } from './cinc-input.ts';
import type { AnsibleTarget, OpenAnsiblePlace } from './configure/ansible.ts';
import { GuestSession } from './guest-session.ts';
import { LookAhead } from './look-ahead.ts';
import type { Links } from './model/card.ts';
import type { Desired } from './model/desired.ts';
import type { ImageFacts } from './model/image.ts';
import type { ImageStep, Plan } from './model/plan.ts';
import type { Ports } from './model/ports.ts';
import type { Settings } from './model/settings.ts';
import { judgeFor } from './plan/judge.ts';
import { identityOf } from './plan/ownership.ts';
import { plan } from './plan/plan.ts';
import { volumesForMark } from './plan/volumes.ts';
import { isFollowed, isReplacing, type Scope, within, withoutDownload } from './scope.ts';

export interface RunOptions extends ForgeOptions {
  readonly settings: Settings;
  readonly desired: Desired;
  readonly scope: Scope;
  /** Where the definition's files are; needed to configure. */
  readonly directory?: string;
  /** Configure although nothing has changed. */
  readonly force?: boolean;
  /** Remake the root file system although nothing differs. */
  readonly rebuild?: boolean;
  /** Go back to an older commit on purpose. */
  readonly back?: boolean;
  /** Of the forge's run, for the container's notes. */
  readonly links?: Links;
  /** Where the playbooks of a container run; undefined: in the container itself. */
  readonly ansible?: (target: AnsibleTarget) => OpenAnsiblePlace | undefined;
  readonly signal: AbortSignal;
}

/** One run for one container: how it is seen and what is due. */
export class ContainerRun {
  readonly guest: GuestSession;
  private readonly ports: Ports;
  private readonly options: RunOptions;
  private facts: Facts | undefined;
  /** That the facts are of. */
  private node = '';
  private readonly ahead: LookAhead;
  private images: { readonly facts: ImageFacts | undefined } | undefined;
  /** Whether nobody has the address of a container that is to be made. */
  private free: Promise<void> | undefined;
  /** Node that the container was seen on. */
  private seenOn: string | undefined;
  private newer: { readonly deployed?: string } | undefined;
  private hashes: Awaited<ReturnType<GuestSession['hashes']>> = { baseline: '', configuration: undefined };
  private hashing: Promise<void> = Promise.resolve();
  private readonly notes: string[] = [];

  constructor(ports: Ports, options: RunOptions) {
    this.ports = ports;
    this.options = options;
    this.guest = new GuestSession(ports, options);
    this.ahead = new LookAhead(ports, options);
  }

  /** What it is compared by is worked out while the server is asked: only plans need it. */
  async input(): Promise<ConvergeInput> {
    this.hashing = this.hash();
    this.hashing.catch(() => undefined);
    return this.converging();
  }

  private converging(): ConvergeInput {
    const { desired, settings, signal, links } = this.options;
    const { guest } = this;
    return {
      ports: this.ports,
      signal,
      sshKeys: desired.baseline.sshKeys,
      observe: () => this.observe(),
      decide: (observation, done) => this.decide(observation, done),
      replace: (observation) => this.replace(observation),
      image: (step) => this.image(step),
      shell: (holding) => guest.open(holding),
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
        ...(links === undefined ? {} : { links }),
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
    const missing = configures && scope === 'plan' ? await this.guest.lackingSecrets() : [];
    if (missing.length > 0)
      this.notes.push(`no value here for ${missing.join(', ')}: whether configure is due is not known`);
    this.hashes = await this.guest.hashes(configures && missing.length === 0);
  }

  async observe(): Promise<Observation> {
    return (await this.see()).observation;
  }

  /** What is there, and what would be done about it. */
  async preview(): Promise<{ readonly observation: Observation; readonly plan: Plan }> {
    await this.input();
    const { observation, decided = this.decide(observation, new Set()) } = await this.see();
    return { observation, plan: decided };
  }

  /** `decided`: to know what to look at, and nothing was learned by that. */
  private async see(): Promise<{ readonly observation: Observation; readonly decided?: Plan }> {
    const { desired, settings, signal } = this.options;
    const looking = observe<Observation>({
      ...this.ports,
      desired,
      signal,
      candidateOf: (vmid) => candidateOf(this.options, vmid),
      ...(settings.connection.node === undefined ? {} : { defaultNode: settings.connection.node }),
      ...(this.seenOn === undefined ? {} : { seenOn: this.seenOn }),
      missing: (vmid) => this.lookForAddress(vmid),
      judge: judgeFor(identityOf(settings.site, desired)),
    });
    const [seen] = await Promise.all([looking, this.hashing]);
    const found = seen.kind === 'absent' ? seen : seen.found;
    this.seenOn = found.kind === 'present' ? found.state.node : undefined;
    const promoted = found.kind === 'absent' && found.candidate !== undefined;
    const node = found.kind === 'absent' ? found.node : found.state.node;
    if (node !== this.node) this.facts = undefined;
    this.node = node;
    this.facts ??= promoted
      ? noFacts(desired)
      : await gatherFacts({ ...this.ports, desired, site: settings.site, signal }, found);
    // Loaded when there is a container to make, or to make anew: most runs change nothing.
    if (found.kind === 'absent' && !promoted) {
      const { imagesFor } = await import('./base-image.ts');
      this.images ??= { facts: await imagesFor(this.ports, this.options, found, this.facts) };
      await this.free;
    }
    if (found.kind === 'absent') return { observation: found };
    this.newer ??= await newerDeployed(this.ports.source, this.options, found.mark.commit);
    const decided = this.decide(found, new Set());
    const looked = await this.ahead.look(found, decided.steps);
    if (looked === 'left') return await this.see();
    return { observation: found, ...(looked === 'learned' ? {} : { decided }) };
  }

  /** Begins it; who makes the container waits for the answer. */
  private lookForAddress(vmid: number): void {
    const { desired, signal } = this.options;
    if (desired.state === 'absent' || this.facts !== undefined) return;
    const isImage = async () => (await import('./base-image.ts')).isBeingBuilt(this.ports, this.options, vmid);
    this.free ??= refuseTakenAddress({ ...this.ports, desired, signal, isImage });
    this.free.catch(() => undefined);
  }

  decide(observation: Observation, done: ReadonlySet<Taken>): Plan {
    const { scope } = this.options;
    const whole = this.whole(observation, done);
    const noted = { ...whole, notes: [...whole.notes, ...this.notes] };
    const scoped = scope === 'all' || scope === 'plan' ? noted : within(noted, scope, isReplacing(observation));
    return done.has('download') ? withoutDownload(scoped) : scoped;
  }

  /** Whatever the stretch takes of it. */
  private whole(observation: Observation, done: ReadonlySet<Taken>): Plan {
    const { desired, settings, force = false, rebuild = false } = this.options;
    const { storage, present, offered, sizes, missing, dependencies } = this.facts ?? noFacts(desired);
    const { user, password } = settings.connection;
    return plan({
      desired,
      rebuild,
      followed: isFollowed(this.options.scope, desired),
      ...this.ahead.facts(),
      observed: observation,
      templates: { storage, present, offered },
      ...(this.images?.facts === undefined ? {} : { images: this.images.facts }),
      due: { ...this.hashes, force: force && !done.has('configure') },
      sizes,
      missing,
      dependencies,
      now: this.ports.inventory.serverTime() ?? this.ports.clock.now(),
      ...(this.newer?.deployed === undefined ? {} : { newerDeployed: this.newer.deployed }),
      rootLogin: user === 'root@pam' && password !== undefined,
      without: done,
      ...(settings.share === undefined ? {} : { share: settings.share }),
      ...(settings.pool === undefined ? {} : { pool: settings.pool }),
    });
  }

  /** After it, images are looked for anew. */
  private async image({ for: vmid, node, template }: ImageStep): Promise<Done> {
    const order = { place: { vmid, node, template }, upgrade: false, enough: () => true };
    const { makeImage } = await import('./base-image.ts');
    const made = await makeImage(this.ports, this.options, order);
    this.images = undefined;
    return { summary: `image ${made.name} is there, as template ${made.state.vmid}`, warnings: [] };
  }

  private async replace(observation: Observation): Promise<Done> {
    const { desired } = this.options;
    const { storage, present, offered } = this.facts ?? noFacts(desired);
    try {
      const { replace } = await import('./replace.ts');
      return await replace(
        {
          ports: this.ports,
          options: this.options,
          converge: this.converging(),
          guest: this.guest,
          baseline: this.hashes.baseline,
          templates: { storage, present, offered },
          facts: this.ahead.replacing,
          planOf: (live, replaced) =>
            this.whole({ kind: 'present', ...live }, new Set(replaced ? (['replace'] as const) : [])),
        },
        observation,
      );
    } finally {
      // Volumes have other names after it.
      this.facts = undefined;
      this.ahead.replacing = undefined;
    }
  }

  async close(): Promise<void> {
    await this.guest.close();
  }
}
