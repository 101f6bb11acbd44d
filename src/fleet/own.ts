import { forgetOldBackups } from '../apply/back/forget-old-backups.ts';
import { call, DEADLINES } from '../apply/deadlines.ts';
import { assertFree, type Holding, newLease, writeMark } from '../apply/lease.ts';
import { listOwn } from '../apply/list.ts';
import { GitopsError } from '../model/errors.ts';
import type { FleetReport } from '../model/fleet-report.ts';
import { type Mark, parseDescription } from '../model/mark.ts';
import type { Ports } from '../model/ports.ts';

/** How often a mark is written anew when somebody else changes the container at the same moment. */
const ATTEMPTS = 5;

/** What a task does with one container. */
export type Work = (mark: Mark) => Promise<Omit<FleetReport, 'name' | 'stage' | 'vmid'>>;

/** Where the definition of a container is, as of the commit that it has; undefined: nobody here knows. */
export type DefinitionOf = (mark: Mark) => Promise<{ readonly directory: string; close(): Promise<void> } | undefined>;

export interface FleetOptions {
  readonly site: string;
  /** Names; empty: all. */
  readonly only: readonly string[];
  readonly signal: AbortSignal;
}

/** Marks of the site's live containers in the order of their vmids. A name that is asked for and not there is an error. */
export async function liveContainers(
  { inventory }: Ports,
  { site, only, signal }: FleetOptions,
): Promise<readonly Mark[]> {
  const own = await listOwn(inventory, site, signal, 'as listed');
  const live = own.flatMap(({ mark }) => (mark.role === 'live' ? [mark] : []));
  assertThere(live, { site, only });
  return live.filter(({ name }) => isWanted(only, name));
}

export function isWanted(only: readonly string[], name: string): boolean {
  return only.length === 0 || only.includes(name);
}

/** Throws kind user when a name is asked for that none of the site's live containers has. */
export function assertThere(live: readonly Mark[], { site, only }: Pick<FleetOptions, 'site' | 'only'>): void {
  const names = live.map(({ name }) => name);
  const missing = only.filter((name) => !names.includes(name));
  if (missing.length === 0) return;
  const what = `Unable to find ${missing.join(', ')}: no live container of site ${site} is called so`;
  throw new GitopsError('user', what, { advice: [`there are: ${names.join(', ') || 'none'}`] });
}

/** One container of the site as it is now, found by its mark alone. */
export class OwnContainer {
  readonly ports: Ports;
  readonly signal: AbortSignal;
  private readonly mark: Mark;
  private node: string | undefined;

  constructor(ports: Ports, mark: Mark, signal: AbortSignal) {
    this.ports = ports;
    this.mark = mark;
    this.signal = signal;
  }

  async observe(): Promise<{ readonly kind: 'present' } & Holding> {
    const { vmid, site, owner, name, stage } = this.mark;
    const read = call(DEADLINES.read, this.signal);
    this.node ??= (await this.ports.inventory.guests(read)).find((guest) => guest.vmid === vmid)?.node;
    const state = this.node === undefined ? undefined : await this.ports.inventory.container(this.node, vmid, read);
    const { mark, text } = parseDescription(state?.config.description);
    const same = mark?.site === site && mark.owner === owner && mark.name === name && mark.stage === stage;
    if (state === undefined || mark === undefined || !same || mark.vmid !== vmid || mark.role !== 'live')
      throw new GitopsError('not-ours', `Unable to use container ${vmid}: it is not ${owner}'s any more`);
    return { kind: 'present', state, mark, text };
  }

  /** Under this run's lease; busy when another run has it. */
  async held<T>(work: (holding: Holding) => Promise<T>): Promise<T> {
    const holding = await this.take();
    try {
      const done = await work(holding);
      const change = (to: (mark: Mark) => Mark): Promise<Holding> => this.change(to);
      await forgetOldBackups(this.ports, holding.mark, this.signal, (old) => old(holding, change));
      return done;
    } finally {
      await this.change(({ lease: _, ...mark }) => mark);
    }
  }

  /** Writes the mark while this run holds the container. */
  async change(to: (mark: Mark) => Mark): Promise<Holding> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const now = await this.observe();
      if (now.mark.lease?.run !== this.ports.runs.id) break;
      if (await writeMark(this.ports, now, to({ ...now.mark, lease: newLease(this.ports) }), this.signal))
        return this.observe();
    }
    throw new GitopsError('busy', `Unable to write the owner mark of container ${this.mark.vmid}: it keeps changing`);
  }

  private async take(): Promise<Holding> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const seen = await this.observe();
      await assertFree(this.ports, seen, this.signal);
      if (await writeMark(this.ports, seen, { ...seen.mark, lease: newLease(this.ports) }, this.signal)) {
        const holding = await this.observe();
        if (holding.mark.lease?.run === this.ports.runs.id) return holding;
      }
    }
    throw new GitopsError('busy', `Unable to take the lease of container ${this.mark.vmid}: its config keeps changing`);
  }
}

/**
 * What goes wrong with one container is its own, and the others have their turn: one after the other, or several at once
 * where nothing is changed; then only what fails is told on the way. The reports stand in the order of the marks.
 */
export async function forEach(
  marks: readonly (Mark | Promise<Mark | undefined>)[],
  ports: Ports,
  signal: AbortSignal,
  work: Work,
  atOnce = 1,
): Promise<readonly FleetReport[]> {
  const reports: (FleetReport | undefined)[] = [];
  const rest = marks.entries();
  const alone = atOnce === 1;
  if (!alone) ports.reporter.tell({ kind: 'started', what: 'looking at all containers' });
  const worker = async (): Promise<void> => {
    for (const [index, read] of rest) {
      const mark = await read;
      if (mark !== undefined) reports[index] = await reportOf(mark, ports, signal, { work, alone });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return reports.flatMap((report) => report ?? []);
}

async function reportOf(
  mark: Mark,
  { reporter }: Ports,
  signal: AbortSignal,
  { work, alone }: { readonly work: Work; readonly alone: boolean },
): Promise<FleetReport> {
  const { name, stage, vmid } = mark;
  const what = `${name}${stage === 'main' ? '' : ` (${stage})`}`;
  if (alone) reporter.tell({ kind: 'started', what });
  try {
    const done = await work(mark);
    if (done.state === 'failed') reporter.tell({ kind: 'failed', what, message: done.text });
    else if (alone) reporter.tell({ kind: 'finished', what, text: done.text });
    return { name, stage, vmid, ...done };
  } catch (error) {
    if (signal.aborted) throw error;
    const text = error instanceof Error ? error.message : String(error);
    reporter.tell({ kind: 'failed', what, message: text });
    return { name, stage, vmid, state: 'failed', text, details: [] };
  }
}
