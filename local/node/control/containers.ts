import { seconds } from '../clock.ts';
import { printConfig } from '../guests/config.ts';
import { isMountKey } from '../guests/mount-point.ts';
import { parseSize } from '../guests/size.ts';
import { toSpec } from '../guests/spec.ts';
import { ApiError, type Json } from '../http/answer.ts';
import { splitVolumeId } from '../store/storages.ts';
import { volid } from '../store/volumes.ts';
import type { ControlRequest, ControlState } from './gate.ts';

export function vmidOf(request: ControlRequest): number {
  const vmid = Number(request.body.vmid ?? request.query.get('vmid') ?? request.path);
  if (!Number.isInteger(vmid) || vmid < 100) throw new ApiError(400, "'vmid' is missing");
  return vmid;
}

/** Config values as given: an object of texts and numbers. */
export function valuesOf(request: ControlRequest, key: 'config' | 'pending'): Record<string, string> {
  const given = (request.body[key] ?? {}) as { readonly [key: string]: Json };
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
}

/** A container that somebody else made: its config and pending changes as given, its volumes booked and made. */
export async function putContainer({ core }: ControlState, request: ControlRequest): Promise<Json> {
  const vmid = vmidOf(request);
  const given = valuesOf(request, 'config');
  const values = { arch: 'amd64', ostype: 'debian', memory: '512', swap: '512', ...given };
  for (const [key, value] of Object.entries(values)) {
    if (!isMountKey(key)) continue;
    const mount = core.mountPoints.parse(key, value);
    const id = splitVolumeId(mount.volume);
    if (mount.type !== 'volume' || id === undefined || core.volumes.find(mount.volume) !== undefined) continue;
    const size = parseSize(mount.options.size ?? '1G') ?? 0;
    const record = { ...id, vmid: core.storages.parseName(id).vmid ?? vmid, size, ctime: seconds(core.clock) };
    await core.volumes.register(record, () => core.backend.allocate(record));
  }
  const pending = valuesOf(request, 'pending');
  core.guests.writeText('lxc', vmid, printConfig({ values, raw: [], pending, snapshots: {} }));
  return null;
}

/** Takes a container and its volumes away as by hand, locks or not. false: there was none. */
export async function removeContainer({ core }: ControlState, request: ControlRequest): Promise<Json> {
  const vmid = vmidOf(request);
  if (!core.guests.has('lxc', vmid)) return false;
  await core.backend.forget(vmid);
  for (const record of core.volumes.owned(vmid)) await core.volumes.free(volid(record));
  core.guests.remove('lxc', vmid);
  return true;
}

/** Starts or stops a container as somebody on the host would: no task, no locks. */
export async function setRunning({ core }: ControlState, request: ControlRequest): Promise<Json> {
  const vmid = vmidOf(request);
  const quiet = (): void => {};
  const { values } = core.guests.read('lxc', vmid).config;
  const { running } = await core.backend.state(vmid);
  if (request.body.running === false && running) await core.backend.stop(vmid, quiet);
  if (request.body.running !== false && !running) {
    await core.backend.start(toSpec(core, vmid, values), quiet, new AbortController().signal);
  }
  return null;
}
