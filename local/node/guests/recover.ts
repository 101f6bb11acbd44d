import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Core } from '../core.ts';
import { errorText } from '../http/answer.ts';
import { takeBack } from './making.ts';
import { finishRollback, removeSnapshot } from './snapshots.ts';

/** Snapshots that were in the making or on their way out. */
async function removeIncomplete(core: Core, vmid: number): Promise<void> {
  const { snapshots } = core.guests.read('lxc', vmid).config;
  for (const [name, { values }] of Object.entries(snapshots)) {
    if (values.snapstate !== undefined) await removeSnapshot(core, vmid, name);
  }
}

/** Archives that were not finished. */
function removeUnfinishedArchives(core: Core, log: (line: string) => void): void {
  for (const { storage } of core.storages.all()) {
    const folder = dirname(core.storages.filePath({ storage, name: 'backup/any' }));
    const names = existsSync(folder) ? readdirSync(folder) : [];
    for (const name of names.filter((other) => /^vzdump-.*\.tmp$/.test(other))) {
      log(`removing an archive that was not finished: ${name}`);
      rmSync(join(folder, name), { force: true });
    }
  }
}

/**
 * After a kill: an aborted task leaves nothing, and a rollback is brought to its end. Locks that no task of this node
 * took stay, as after a power cut. What cannot be done now is tried again at the next start.
 */
export async function recoverGuests(core: Core, log: (line: string) => void): Promise<void> {
  const attempt = async (vmid: number, work: () => Promise<void>): Promise<void> => {
    await work().catch((error: unknown) => {
      log(`unable to take back what was begun with container ${vmid}: ${errorText(error)}`);
    });
  };
  removeUnfinishedArchives(core, log);
  for (const [key, { rollback }] of Object.entries(core.making.value)) {
    const vmid = Number(key);
    await attempt(vmid, () =>
      rollback === undefined ? takeBack(core, vmid) : finishRollback(core, vmid, rollback, log),
    );
  }
  for (const vmid of core.guests.ids('lxc')) await attempt(vmid, () => removeIncomplete(core, vmid));
}
