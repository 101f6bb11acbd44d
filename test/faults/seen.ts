import { endState } from './end-state.ts';
import type { Golden } from './golden.ts';
import type { World } from './world.ts';

/** States of a node from which a run has come to the good end: from the same state it does so again. */
export class Seen {
  readonly #good = new Set<string>();

  /** undefined: something is at work, and where that ends depends on time. `more`: what the next run knows beside it. */
  keyOf({ node, machine }: World, { known }: Golden, more = ''): string | undefined {
    const { running, ...state } = endState(node.core, known);
    if (Array.isArray(running) && running.length > 0) return undefined;
    return `${machine} ${more} ${JSON.stringify(state).replace(/run-pve-gitops-faults-[\w-]+/g, 'a run')}`;
  }

  isGood(key: string | undefined): boolean {
    return key !== undefined && this.#good.has(key);
  }

  good(key: string | undefined): void {
    if (key !== undefined) this.#good.add(key);
  }
}
