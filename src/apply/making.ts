import type { TaskState } from '../model/observed.ts';
import type { Call, Inventory } from '../model/ports.ts';

/**
 * The task that makes a container at this moment. A create is the container's own, a clone is its source's: of several
 * clones from one image nobody can tell which is whose.
 */
export async function makingTask(
  inventory: Pick<Inventory, 'tasks' | 'guests'>,
  node: string,
  vmid: number,
  read: Call,
): Promise<TaskState | undefined> {
  const own = (await inventory.tasks(node, vmid, read)).find((task) => task.running);
  if (own !== undefined) return own;
  const guests = await inventory.guests(read);
  const sources = guests.filter(
    (guest) =>
      guest.type === 'lxc' && guest.node === node && (guest.template || guest.name?.startsWith('image-') === true),
  );
  const tasks = await Promise.all(sources.map((guest) => inventory.tasks(node, guest.vmid, read)));
  return tasks.flat().find((task) => task.running && task.type === 'vzclone');
}
