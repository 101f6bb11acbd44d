import type { Inventory } from '../model/ports.ts';

/** What many plans of one moment ask for, read once: the list, the templates, each container. For looking only: who changes something looks again. */
export function seenOnce(inventory: Inventory): Inventory {
  let guests: ReturnType<Inventory['guests']> | undefined;
  const containers = new Map<string, ReturnType<Inventory['container']>>();
  const templates = new Map<string, ReturnType<Inventory['templates']>>();
  return {
    ...inventory,
    guests(call) {
      guests ??= inventory.guests(call);
      return guests;
    },
    container(node, vmid, call, listed) {
      const found = containers.get(`${node} ${vmid}`) ?? inventory.container(node, vmid, call, listed);
      containers.set(`${node} ${vmid}`, found);
      return found;
    },
    templates(node, storage, call) {
      const found = templates.get(`${node} ${storage}`) ?? inventory.templates(node, storage, call);
      templates.set(`${node} ${storage}`, found);
      return found;
    },
  };
}
