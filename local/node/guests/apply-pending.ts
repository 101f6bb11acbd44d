import type { Core } from '../core.ts';
import { ApiError, errorText } from '../http/answer.ts';
import type { GuestConfig } from './config.ts';
import { addUnused, freeOwned, isInUse, makeDisks, withSize } from './disks.ts';
import { newDisk } from './mount-point.ts';
import { cleanupPending, pendingDeletes, withoutPendingDelete } from './pending.ts';
import { toSpec } from './spec.ts';

export type ApplyErrors = Readonly<Record<string, string>>;

/** A detached volume is kept as unusedN; a detached unusedN is freed for good. */
export async function dropKey(core: Core, vmid: number, config: GuestConfig, key: string): Promise<void> {
  const value = config.values[key];
  if (value !== undefined && /^mp\d+$/.test(key)) {
    const mount = core.mountPoints.parse(key, value);
    if (mount.type === 'volume' && !isInUse(core, config, mount.volume, key)) addUnused(config, mount.volume);
  }
  if (value !== undefined && key.startsWith('unused') && !isInUse(core, config, value, key)) {
    await freeOwned(core, vmid, value, () => {});
  }
  delete config.values[key];
  withoutPendingDelete(config, key);
}

/** Makes or looks up the volume of a pending mount point; when the container runs, mounts it. */
export async function applyMount(
  core: Core,
  guest: { readonly vmid: number; readonly config: GuestConfig; readonly running: boolean },
  key: string,
): Promise<void> {
  const { vmid, config, running } = guest;
  const pending = config.pending[key] ?? '';
  const mount = core.mountPoints.parse(key, pending);
  const before = config.values[key];
  const made: string[] = [];
  let value: string;
  if (mount.type === 'volume' && newDisk(mount.volume) !== undefined) {
    value = (await makeDisks(core, vmid, { [key]: pending }, (id) => made.push(id)))[key] ?? pending;
  } else {
    value = withSize(core, key, pending);
  }
  if (running) {
    const spec = toSpec(core, vmid, config.values);
    try {
      await core.backend.change(spec, toSpec(core, vmid, { ...config.values, [key]: value }));
    } catch (error) {
      for (const id of made) await core.volumes.free(id);
      throw error;
    }
  }
  config.values[key] = value;
  delete config.pending[key];
  if (before === undefined) return;
  const old = core.mountPoints.parse(key, before);
  if (old.type === 'volume' && !isInUse(core, config, old.volume, '')) addUnused(config, old.volume);
}

/** All pending changes of a container that does not run: at a change, and before a start. */
export async function applyPending(
  core: Core,
  vmid: number,
  config: GuestConfig,
  selected: (key: string) => boolean = () => true,
): Promise<ApplyErrors> {
  const errors: Record<string, string> = {};
  const attempt = async (key: string, work: () => Promise<void> | void): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (error instanceof ApiError && error.errors !== undefined) throw error;
      errors[key] = `unable to apply pending change ${key} : ${errorText(error)}\n`;
    }
  };
  for (const key of pendingDeletes(config).filter(selected)) await attempt(key, () => dropKey(core, vmid, config, key));
  cleanupPending(config);
  for (const key of Object.keys(config.pending)
    .filter((name) => name !== 'delete' && selected(name))
    .sort()) {
    await attempt(key, async () => {
      if (/^mp\d+$/.test(key)) {
        await applyMount(core, { vmid, config, running: false }, key);
        return;
      }
      const value = config.pending[key] ?? '';
      config.values[key] = /^net\d+$/.test(key) ? core.networks.normalize(value) : value;
      delete config.pending[key];
    });
  }
  return errors;
}
