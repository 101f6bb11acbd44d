import type { ContainerState } from '../model/observed.ts';
import type { Inventory } from '../model/ports.ts';

/**
 * What many plans of one moment ask for, read once: the list, the templates, and the containers that have been read already. For
 * looking only: who changes something looks again.
 */
export function seenOnce(inventory: Inventory, states: readonly ContainerState[]): Inventory {
  const known = new Map(states.map((state) => [`${state.node} ${state.vmid}`, state]));
  let guests: ReturnType<Inventory['guests']> | undefined;
  const templates = new Map<string, ReturnType<Inventory['templates']>>();
  return {
    ...inventory,
    guests(call) {
      guests ??= inventory.guests(call);
      return guests;
    },
    async container(node, vmid, call) {
      return known.get(`${node} ${vmid}`) ?? (await inventory.container(node, vmid, call));
    },
    templates(node, storage, call) {
      const found = templates.get(`${node} ${storage}`) ?? inventory.templates(node, storage, call);
      templates.set(`${node} ${storage}`, found);
      return found;
    },
  };
}
