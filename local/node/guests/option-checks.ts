import { existsSync, statSync } from 'node:fs';
import type { Core } from '../core.ts';
import { ApiError } from '../http/answer.ts';
import { parsePropertyString } from '../schema/property-string.ts';
import { parseVolumeId } from '../store/storages.ts';
import { formatOf, type MountValue } from './mount-point.ts';

/** What every bridge here has. */
const BRIDGE_MTU = 1500;

/** Throws Proxmox VE's text for a bridge that is not there, or whose packets are smaller. */
async function assertMtu(core: Core, key: string, bridge: string, mtu: string | undefined): Promise<void> {
  const bridges = await core.backend.bridges();
  if (!bridges.includes(bridge)) throw new ApiError(500, `bridge '${bridge}' does not exist`);
  if (mtu !== undefined && Number(mtu) > BRIDGE_MTU) {
    throw new ApiError(500, `${key}: MTU size '${mtu}' is bigger than bridge MTU '${BRIDGE_MTU}'`);
  }
}

/** Only an MTU makes a change look at the bridge. */
export async function checkNetwork(core: Core, key: string, value: string): Promise<void> {
  const { bridge = '', mtu } = parsePropertyString(formatOf(core.configKeys, 'net0'), value);
  if (mtu !== undefined) await assertMtu(core, key, bridge, mtu);
}

/** All interfaces, as they are looked at when the container's LXC config is written. */
export async function checkNetworks(core: Core, nets: Readonly<Record<string, string>>): Promise<void> {
  for (const [key, value] of Object.entries(nets)) {
    const { bridge = '', mtu } = parsePropertyString(formatOf(core.configKeys, 'net0'), value);
    await assertMtu(core, key, bridge, mtu);
  }
}

export function checkHookscript(core: Core, volid: string): void {
  const id = parseVolumeId(volid);
  if (core.storages.parseName(id).content !== 'snippets') {
    throw new ApiError(500, `'${volid}' is not in the snippets directory`);
  }
  const file = core.storages.filePath(id);
  if (!existsSync(file)) throw new ApiError(500, `script '${volid}' does not exist`);
  if ((statSync(file).mode & 0o111) === 0) throw new ApiError(500, `script '${volid}' is not executable`);
}

/** A device of the host. */
export function checkDevice(core: Core, key: string, value: string): void {
  const { path } = parsePropertyString(formatOf(core.configKeys, 'dev0'), value);
  if (path === undefined) throw new ApiError(500, `Path is not defined for passthrough device ${key}`);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new ApiError(500, `Device ${path} does not exist`);
  if (!stat.isBlockDevice() && !stat.isCharacterDevice()) throw new ApiError(500, `${path} is not a device`);
}

export function checkContent(core: Core, mount: MountValue): void {
  if (mount.type !== 'volume') return;
  const { storage, content } = core.storages.get(parseVolumeId(mount.volume).storage);
  if (content.includes('rootdir')) return;
  throw new ApiError(500, `storage '${storage}' does not allow content type 'rootdir' (Container)`);
}
