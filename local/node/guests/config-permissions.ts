import type { Caller } from '../auth/authenticate.ts';
import type { Core } from '../core.ts';
import { ApiError, permissionDenied } from '../http/answer.ts';
import { parsePropertyString } from '../schema/property-string.ts';
import { splitVolumeId } from '../store/storages.ts';
import type { Values } from './config.ts';
import { formatOf, isMountKey, newDisk } from './mount-point.ts';
import { assertTagPermissions } from './tags.ts';

/** pve-storage's text, with the line that Perl adds to a `die` without newline. */
const ONLY_ROOT_PATHS = 'Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 581.';

/** What changes, and for whom: the facts that the checks of PVE::LXC::check_ct_modify_config_perm need. */
export interface ConfigChange {
  readonly vmid: number;
  readonly pool?: string;
  /** undefined at create */
  readonly before?: Values;
  readonly set: Values;
  readonly remove: readonly string[];
  readonly unprivileged: boolean;
}

/** PVE::Storage::check_volume_access: may this caller use an existing volume for this content? */
export function checkVolumeAccess(
  core: Core,
  caller: Caller,
  use: { readonly vmid?: number; readonly volid: string; readonly content?: 'vztmpl' | 'rootdir' | 'backup' },
): void {
  const { authuser } = caller;
  const { vmid, volid, content } = use;
  const id = splitVolumeId(volid);
  if (id === undefined) {
    if (authuser !== 'root@pam') throw new ApiError(500, ONLY_ROOT_PATHS);
    return;
  }
  const name = core.storages.parseName(id);
  const fits =
    content === undefined || name.content === content || (content === 'rootdir' && name.content === 'images');
  if (!fits) {
    throw new ApiError(500, `unable to use volume ${volid} - content type needs to be '${content}'`);
  }
  const path = `/storage/${id.storage}`;
  if (core.access.may(authuser, path, 'Datastore.Allocate')) return;
  if (['vztmpl', 'iso'].includes(name.content)) {
    core.access.checkAny(authuser, path, ['Datastore.AllocateSpace', 'Datastore.Audit']);
  } else if (name.vmid === undefined) {
    throw new ApiError(500, `missing privileges to access ${volid}`);
  } else if (name.vmid !== vmid) {
    const backup = name.content === 'backup';
    core.access.check(authuser, path, [backup ? 'Datastore.AllocateSpace' : 'Datastore.Audit']);
    core.access.check(authuser, `/vms/${name.vmid}`, [backup ? 'VM.Backup' : 'VM.Config.Disk']);
  }
}

/** Who may use a bridge, or the VLANs of it that are asked for. */
export function checkBridge(core: Core, authuser: string, text: string | undefined): void {
  if (text === undefined) return;
  const { bridge, tag, trunks } = parsePropertyString(formatOf(core.configKeys, 'net0'), text);
  if (bridge === undefined) throw new ApiError(500, 'no sdn vnet ID specified');
  const path = `/sdn/zones/localnetwork/${bridge}`;
  const tags = [...(tag === undefined ? [] : [tag]), ...(trunks ?? '').split(';').filter((part) => part !== '')];
  for (const each of tags) core.access.check(authuser, `${path}/${each}`, ['SDN.Use']);
  if (tags.length === 0) core.access.check(authuser, path, ['SDN.Use']);
}

function checkMount(core: Core, caller: Caller, change: ConfigChange, key: string): void {
  const { type, volume } = core.mountPoints.parse(key, change.set[key]);
  if (type !== 'volume') throw permissionDenied(`mount point type ${type} is only allowed for root@pam`);
  const wanted = newDisk(volume);
  if (wanted === undefined) {
    checkVolumeAccess(core, caller, { vmid: change.vmid, volid: volume, content: 'rootdir' });
    return;
  }
  core.access.check(caller.authuser, `/storage/${wanted.storage}`, ['Datastore.AllocateSpace']);
}

type Flags = Readonly<Record<string, string>>;

/** Which feature flags a change touches. */
function touchedFeatures(before: Flags | undefined, after: Flags): { nesting: boolean; other: boolean } {
  if (before === undefined) {
    const names = Object.keys(after);
    const onlyNesting = names.length === 1 && after.nesting !== undefined;
    return { nesting: onlyNesting, other: !onlyNesting && names.length > 0 };
  }
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((n) => before[n] !== after[n]);
  return { nesting: changed.includes('nesting'), other: changed.some((name) => name !== 'nesting') };
}

function checkFeatures(core: Core, caller: Caller, change: ConfigChange, removed: boolean): void {
  if (!change.unprivileged) {
    throw permissionDenied('changing feature flags for privileged container is only allowed for root@pam');
  }
  const parse = (text: string): Flags => parsePropertyString(formatOf(core.configKeys, 'features'), text);
  const old = change.before?.features === undefined ? undefined : parse(change.before.features);
  const touched = removed
    ? touchedFeatures(undefined, old ?? {})
    : touchedFeatures(old, parse(change.set.features ?? ''));
  if (touched.other) throw permissionDenied('changing feature flags (except nesting) is only allowed for root@pam');
  if (touched.nesting) core.access.checkVm(caller.authuser, change.vmid, change.pool, ['VM.Allocate']);
}

function privilegeOf(key: string): string {
  if (['cores', 'cpuunits', 'cpulimit'].includes(key)) return 'VM.Config.CPU';
  if (isMountKey(key)) return 'VM.Config.Disk';
  if (key === 'memory' || key === 'swap') return 'VM.Config.Memory';
  if (/^net\d+$/.test(key) || ['nameserver', 'searchdomain', 'hostname'].includes(key)) return 'VM.Config.Network';
  return 'VM.Config.Options';
}

function checkKey(core: Core, caller: Caller, change: ConfigChange, key: string, removed: boolean): void {
  if (/^dev\d+$/.test(key)) throw permissionDenied('configuring device passthrough is only allowed for root@pam');
  if (key === 'hookscript') throw permissionDenied('changing the hookscript is only allowed for root@pam');
  if (key === 'features') {
    checkFeatures(core, caller, change, removed);
    return;
  }
  if (key === 'tags') {
    assertTagPermissions(core, caller, change.vmid, change.before?.tags, removed ? '' : (change.set.tags ?? ''));
    return;
  }
  core.access.checkVm(caller.authuser, change.vmid, change.pool, [privilegeOf(key)]);
  if (removed) return;
  if (isMountKey(key)) checkMount(core, caller, change, key);
  if (/^net\d+$/.test(key)) {
    if (change.before?.[key] !== undefined) checkBridge(core, caller.authuser, change.before[key]);
    checkBridge(core, caller.authuser, change.set[key]);
  }
}

/** Throws for the first key that the caller may not change. A ticket of root@pam may change all. */
export function checkConfigPermissions(core: Core, caller: Caller, change: ConfigChange): void {
  if (caller.authuser === 'root@pam') return;
  for (const key of Object.keys(change.set)) checkKey(core, caller, change, key, false);
  for (const key of change.remove) checkKey(core, caller, change, key, true);
}
