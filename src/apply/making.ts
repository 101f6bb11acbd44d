import type { TaskState } from '../model/observed.ts';
import type { Call, Inventory } from '../model/ports.ts';

/** At work on this node, which alone tells how it ends. */
export type MakingTask = Pick<TaskState, 'upid'> & { readonly node: string };

/**
 * The task that makes a container at this moment. A create is the container's own, a clone is its source's, which may stand
 * on another node: of several clones from one image nobody can tell which is whose.
 */
export async function makingTask(
  inventory: Pick<Inventory, 'tasks' | 'guests'>,
  node: string,
  vmid: number,
  read: Call,
): Promise<MakingTask | undefined> {
  const own = (await inventory.tasks(node, vmid, read)).find((task) => task.running);
  if (own !== undefined) return { upid: own.upid, node };
  const sources = (await inventory.guests(read)).filter(
    (guest) => guest.type === 'lxc' && (guest.template || guest.name?.startsWith('image-') === true),
  );
  const found = await Promise.all(
    sources.map(async (guest) => {
      const tasks = inventory.tasks(guest.node, guest.vmid, read);
      // Another node that does not answer is at work on nothing.
      const all = await (guest.node === node ? tasks : tasks.catch(() => []));
      const clone = all.find((task) => task.running && task.type === 'vzclone');
      return clone === undefined ? [] : [{ upid: clone.upid, node: guest.node }];
    }),
  );
  return found.flat().toSorted((a, b) => Number(b.node === node) - Number(a.node === node))[0];
}
