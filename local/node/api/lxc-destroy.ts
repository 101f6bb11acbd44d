import type { Core } from '../core.ts';
import { emptyConfig, type GuestConfig } from '../guests/config.ts';
import { freeOwned, namedVolumes } from '../guests/disks.ts';
import { underLock } from '../guests/power.ts';
import { checkLock, checkProtection } from '../guests/update.ts';
import { ApiError, type Json } from '../http/answer.ts';
import { volid } from '../store/volumes.ts';
import type { TaskContext } from '../tasks/tasks.ts';
import type { Call, Routes } from './call.ts';

interface Destruction {
  readonly vmid: number;
  readonly force: boolean;
  readonly purge: boolean;
  readonly unreferenced: boolean;
}

async function check(core: Core, config: GuestConfig, { vmid, force, purge }: Destruction): Promise<void> {
  checkProtection(config, `can't remove CT ${vmid}`);
  checkLock(config);
  if (!purge && core.ha.value[`ct:${vmid}`] !== undefined) {
    throw new ApiError(500, `unable to remove CT ${vmid} - used in HA resources and purge parameter not set.`);
  }
  if (!force && (await core.backend.state(vmid)).running) {
    throw new ApiError(500, `unable to destroy CT ${vmid} - container is running`);
  }
}

/** ACLs and pool membership go with every destroy, purge or not. */
function forgetAccess(core: Core, vmid: number): void {
  core.accessStore.update((data) => {
    data.acl = data.acl.filter((entry) => entry.path !== `/vms/${vmid}`);
    for (const [name, pool] of Object.entries(data.pools)) {
      data.pools[name] = { ...pool, vms: pool.vms.filter((member) => member !== vmid) };
    }
  });
}

async function destroyContainer(core: Core, task: TaskContext, destruction: Destruction): Promise<void> {
  const { vmid } = destruction;
  const { config } = core.guests.read('lxc', vmid);
  await check(core, config, destruction);
  if ((await core.backend.state(vmid)).running) {
    task.log(`forced to stop CT ${vmid} before destroying!`);
    await core.backend.stop(vmid, task.log);
  }
  const sections = [config.values, ...Object.values(config.snapshots).map((snapshot) => snapshot.values)];
  for (const id of new Set(sections.flatMap((values) => namedVolumes(core, values)))) {
    await freeOwned(core, vmid, id, task.log);
  }
  if (destruction.unreferenced) {
    for (const record of core.volumes.owned(vmid)) await core.volumes.free(volid(record));
  }
  await core.backend.forget(vmid);
  // without quorum this is where it ends: the volumes are gone, the config is not (row 1046)
  core.guests.write('lxc', vmid, { ...emptyConfig(), values: { lock: 'destroyed' } });
  forgetAccess(core, vmid);
  core.firewalls.update((value) => {
    delete value[vmid];
  });
  if (destruction.purge) {
    task.log(`purging CT ${vmid} from related configurations..`);
    core.ha.update((value) => {
      delete value[`ct:${vmid}`];
    });
  }
  core.guests.remove('lxc', vmid);
}

async function destroy(call: Call): Promise<Json> {
  const { core, vmid } = call;
  const destruction: Destruction = {
    vmid,
    force: call.flag('force'),
    purge: call.flag('purge'),
    unreferenced: call.flag('destroy-unreferenced-disks'),
  };
  await check(core, core.guests.read('lxc', vmid).config, destruction);
  return core.tasks.start('vzdestroy', String(vmid), call.authuser, (task) =>
    underLock(core, task, vmid, () => destroyContainer(core, task, destruction)),
  );
}

export const lxcDestroyRoutes: Routes = { 'DELETE /nodes/{node}/lxc/{vmid}': destroy };
