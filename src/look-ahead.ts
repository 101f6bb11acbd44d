import { call, DEADLINES } from './apply/deadlines.ts';
import { type BackFacts, gatherBackFacts } from './apply/facts.ts';
import type { Holding } from './apply/lease.ts';
import { gatherMigrateFacts } from './apply/migrate-facts.ts';
import { gatherMoveFacts } from './apply/move-facts.ts';
import type { Step } from './model/plan.ts';
import type { Ports } from './model/ports.ts';
import type { MigrateFacts, MoveFacts } from './model/relocation.ts';
import type { ReplaceFacts } from './model/replacement.ts';
import { snapshotsAfter } from './plan/moves.ts';
import type { PlanInput } from './plan/plan.ts';
import { needsWayBack } from './plan/way-back.ts';
import type { RunOptions } from './run.ts';
import { isFollowed } from './scope.ts';

/** What only some steps have to know: looked at once, when one of them is due. */
export class LookAhead {
  private readonly ports: Ports;
  private readonly options: RunOptions;
  private back: BackFacts | undefined;
  private moving: MoveFacts | undefined;
  private migrating: MigrateFacts | undefined;
  private node = '';
  replacing: ReplaceFacts | undefined;

  constructor(ports: Ports, options: RunOptions) {
    this.ports = ports;
    this.options = options;
  }

  /**
   * learned: with what is known now the plan may be another one. left: the container has left its node meanwhile, as a migration
   * that somebody began has ended.
   */
  async look(found: Holding, steps: readonly Step[]): Promise<'learned' | 'nothing new' | 'left'> {
    const before = this.facts();
    try {
      await this.gather(found, steps);
    } catch (error) {
      if (await this.hasLeft(found)) return 'left';
      throw error;
    }
    const now = this.facts();
    const same = (['wayBack', 'moving', 'migrating', 'replacing'] as const).every((key) => now[key] === before[key]);
    return same ? 'nothing new' : 'learned';
  }

  private async hasLeft({ state: { node, vmid } }: Holding): Promise<boolean> {
    const { signal } = this.options;
    if (signal.aborted) return false;
    return await this.ports.inventory.container(node, vmid, call(DEADLINES.read, signal)).then(
      (state) => state === undefined,
      () => false,
    );
  }

  private async gather(found: Holding, steps: readonly Step[]): Promise<void> {
    const { ports } = this;
    const { desired, signal } = this.options;
    const { dropSnapshots = [] } = desired;
    // What was true of one node is not of another one.
    if (found.state.node !== this.node) this.forget();
    this.node = found.state.node;
    if (steps.some(({ kind }) => kind === 'migrate')) {
      this.migrating ??= await gatherMigrateFacts({ ports, dropSnapshots, nodes: desired.nodes, signal }, found);
      return;
    }
    if (steps.some(({ kind }) => kind === 'move'))
      this.moving ??= await gatherMoveFacts({ ports, dropSnapshots, signal }, found);
    if (this.back === undefined && needsWayBack(found.mark, steps, isFollowed(this.options.scope, desired))) {
      const after = this.moving === undefined ? undefined : snapshotsAfter(found.state.config, steps, this.moving);
      this.back = await gatherBackFacts(ports, found, desired.wayBack, signal, after);
    }
    if (steps.some(({ kind }) => kind === 'replace')) await this.lookForReplace(found);
  }

  private forget(): void {
    this.back = undefined;
    this.moving = undefined;
    this.migrating = undefined;
    this.replacing = undefined;
  }

  /** Looks into it once, for the plan and for what the replace does then. */
  private async lookForReplace(found: Holding): Promise<void> {
    if (this.replacing !== undefined || found.mark.promotion?.renewed === true) return;
    const { replaceFacts } = await import('./replace.ts');
    this.replacing = await replaceFacts(this.ports, this.options, found);
  }

  /** As a plan takes it. */
  facts(): Pick<PlanInput, 'wayBack' | 'moving' | 'migrating' | 'replacing'> {
    const { back, moving, migrating, replacing } = this;
    return {
      ...(back === undefined ? {} : { wayBack: back }),
      ...(moving === undefined ? {} : { moving }),
      ...(migrating === undefined ? {} : { migrating }),
      ...(replacing === undefined ? {} : { replacing }),
    };
  }
}
