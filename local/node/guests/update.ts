import type { Core } from '../core.ts';
import { ApiError } from '../http/answer.ts';
import { splitList } from '../schema/validate.ts';
import { type ApplyErrors, applyPending } from './apply-pending.ts';
import type { GuestConfig, Values } from './config.ts';
import { hotplugPending } from './hotplug.ts';
import { isMountKey } from './mount-point.ts';
import { checkContent, checkDevice, checkHookscript, checkNetwork } from './option-checks.ts';
import { cleanupPending, pendingDeletes, setPendingDeletes, withoutPendingDelete } from './pending.ts';
import { uniqueTags } from './tags.ts';

export interface ConfigUpdate {
  readonly set: Values;
  readonly remove: readonly string[];
  readonly revert: readonly string[];
}

const REQUIRED = ['memory', 'ostype', 'rootfs'];

export function checkProtection(config: GuestConfig, what: string): void {
  if (config.values.protection === '1') throw new ApiError(500, `${what} - protection mode enabled`);
}

export function checkLock(config: GuestConfig): void {
  const { lock } = config.values;
  if (lock !== undefined) throw new ApiError(500, `CT is locked (${lock})`);
}

/** `asked`: the digest that a call sends; none or an empty one asks for nothing. */
export function assertUnmodified(asked: string | undefined, digest: string): void {
  if (asked !== undefined && asked !== '' && asked !== digest) {
    throw new ApiError(500, 'detected modified configuration - file changed by other user? Try again.');
  }
}

function queueDeletes(vmid: number, config: GuestConfig, keys: readonly string[], touched: Set<string>): void {
  for (const key of keys) {
    if (config.values[key] === undefined && config.pending[key] === undefined) continue;
    touched.add(key);
    if (REQUIRED.includes(key)) throw new ApiError(500, `unable to delete required option '${key}'`);
    if (key === 'unprivileged') throw new ApiError(500, `unable to delete read-only option: '${key}'`);
    if (/^(?:mp|unused)\d+$/.test(key)) checkProtection(config, `can't remove CT ${vmid} drive '${key}'`);
    setPendingDeletes(config, [...pendingDeletes(config), key]);
  }
}

/** The form in which a value is stored; throws for what cannot be changed. */
async function stored(core: Core, vmid: number, config: GuestConfig, key: string, value: string): Promise<string> {
  if (isMountKey(key)) {
    checkProtection(config, `can't update CT ${vmid} drive '${key}'`);
    checkContent(core, core.mountPoints.parse(key, value));
  }
  if (key === 'hookscript') checkHookscript(core, value);
  if (/^net\d+$/.test(key)) await checkNetwork(core, key, value);
  if (/^dev\d+$/.test(key)) checkDevice(core, key, value);
  if (key === 'unprivileged') throw new ApiError(500, `unable to modify read-only option: '${key}'`);
  if (key === 'tags') return uniqueTags(value);
  if (key === 'nameserver' || key === 'searchdomain') return splitList(value).join(' ');
  return value;
}

/**
 * Puts a change into the pending section and applies of it what can be applied now, as PVE::LXC::Config's
 * update_pct_config does. The config is changed in place; the result has a text per key that could not be applied.
 */
export async function updateConfig(
  core: Core,
  guest: { readonly vmid: number; readonly config: GuestConfig; readonly running: boolean },
  update: ConfigUpdate,
): Promise<ApplyErrors> {
  const { vmid, config, running } = guest;
  for (const key of update.revert) {
    delete config.pending[key];
    withoutPendingDelete(config, key);
  }
  const touched = new Set<string>();
  queueDeletes(vmid, config, update.remove, touched);
  for (const key of Object.keys(update.set).sort()) {
    touched.add(key);
    config.pending[key] = await stored(core, vmid, config, key, update.set[key] ?? '');
    withoutPendingDelete(config, key);
  }
  cleanupPending(config);
  const selected = (key: string): boolean => touched.has(key);
  return running ? hotplugPending(core, vmid, config, selected) : applyPending(core, vmid, config, selected);
}
