import type { Core } from '../core.ts';
import type { Values } from '../guests/config.ts';
import { volumeHasFeature } from '../guests/features.ts';
import { finish, noteBefore, noteRenaming, takeBack } from '../guests/making.ts';
import { isMountKey } from '../guests/mount-point.ts';
import { underLock } from '../guests/power.ts';
import { checkLock } from '../guests/update.ts';
import { volumeWork } from '../guests/volume-work.ts';
import { ApiError, type Json } from '../http/answer.ts';
import { parseVolumeId } from '../store/storages.ts';
import { volid } from '../store/volumes.ts';
import type { Call, Routes } from './call.ts';

/** `vm-111-disk-0` → `base-111-disk-0`; subvolumes keep their names. */
function baseName(name: string): string {
  return name.replace(/(^|\/)vm-/, '$1base-');
}

/** Makes every volume the base of later clones. */
async function makeBase(core: Core, vmid: number): Promise<void> {
  const { config } = core.guests.read('lxc', vmid);
  checkLock(config);
  volumeWork(core);
  const keys = Object.keys(config.values).filter(isMountKey);
  for (const key of keys) {
    const { volume } = core.mountPoints.parse(key, config.values[key]);
    if (!volumeHasFeature(core, volume, 'template')) {
      throw new ApiError(500, `Template feature is not available for '${volume}'`);
    }
  }
  noteBefore(core, vmid, config);
  const noted = (from: string, to: string): void => noteRenaming(core, vmid, from, to);
  const values: Values = { ...config.values, template: '1' };
  try {
    for (const key of keys) {
      const mount = core.mountPoints.parse(key, values[key]);
      const name = baseName(parseVolumeId(mount.volume).name);
      const volume = volid(await core.volumes.rename(mount.volume, vmid, noted, name));
      values[key] = core.mountPoints.print({ ...mount, volume });
    }
    core.guests.write('lxc', vmid, { ...config, values });
  } catch (error) {
    await takeBack(core, vmid);
    throw error;
  }
  finish(core, vmid);
}

/** The work is a task, and the answer does not name it (row 593). */
async function template(call: Call): Promise<Json> {
  const { core, vmid } = call;
  await core.locks.run(vmid, async () => {
    const { config } = core.guests.read('lxc', vmid);
    checkLock(config);
    if (Object.keys(config.snapshots).length > 0) {
      throw new ApiError(500, 'unable to create template, because CT contains snapshots');
    }
    if (config.values.template === '1') throw new ApiError(500, "you can't convert a template to a template");
    if ((await core.backend.state(vmid)).running) {
      throw new ApiError(500, "you can't convert a CT to template if the CT is running");
    }
    core.tasks.start('vztemplate', String(vmid), call.authuser, (task) =>
      underLock(core, task, vmid, () => makeBase(core, vmid)),
    );
  });
  return null;
}

export const lxcTemplateRoutes: Routes = { 'POST /nodes/{node}/lxc/{vmid}/template': template };
