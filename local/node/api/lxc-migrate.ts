import { assertQuorum } from '../cluster.ts';
import type { Core } from '../core.ts';
import type { GuestConfig } from '../guests/config.ts';
import { namedVolumes } from '../guests/disks.ts';
import { copyVolume, noteRest, reserveOver, takeBack } from '../guests/making.ts';
import { isVolumeKey, type MountValue } from '../guests/mount-point.ts';
import { startContainer } from '../guests/power.ts';
import { checkLock } from '../guests/update.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import { isOn, nodesOf, putOn } from '../members.ts';
import { parseVolumeId } from '../store/storages.ts';
import type { TaskContext } from '../tasks/tasks.ts';
import type { Call, Routes } from './call.ts';

/** `local-lvm:fast,other` or `1`: what is sent to which storage. */
function storageMap(text: string | undefined): (storage: string) => string {
  const pairs = new Map<string, string>();
  let all: string | undefined;
  for (const part of (text ?? '').split(',').filter((entry) => entry !== '' && entry !== '1')) {
    const [from = '', to] = part.split(':');
    if (to === undefined) all = from;
    else pairs.set(from, to);
  }
  return (storage) => pairs.get(storage) ?? all ?? storage;
}

function mountsOf(core: Core, { values }: GuestConfig): readonly MountValue[] {
  return Object.keys(values)
    .filter(isVolumeKey)
    .map((key) => ({ ...core.mountPoints.parse(key.startsWith('unused') ? 'rootfs' : key, values[key]), key }));
}

/** What Proxmox VE looks at in the task, before it stops anything. */
function checkDisks(core: Core, config: GuestConfig, target: string, to: (storage: string) => string): void {
  const problems: string[] = [];
  for (const { key, type, volume } of mountsOf(core, config)) {
    if (type !== 'volume') throw new ApiError(500, `cannot migrate local ${type} mount point '${key}'`);
    const source = core.storages.enabled(parseVolumeId(volume).storage);
    const there = core.storages.enabled(to(source.storage));
    if (!isOn(there, target)) {
      throw new ApiError(500, `storage '${there.storage}' is not available on node '${target}'`);
    }
    if (source.shared === true) continue;
    const inSnapshot = Object.values(config.snapshots).some(({ values }) =>
      namedVolumes(core, values).includes(volume),
    );
    const { parent } = core.volumes.get(volume);
    const problem =
      parent !== undefined
        ? `clone of '${parseVolumeId(parent).name}'`
        : inSnapshot && source.type !== 'btrfs'
          ? 'non-migratable snapshot exists'
          : undefined;
    if (problem !== undefined) problems.push(`can't migrate local volume '${volume}': ${problem}`);
  }
  if (problems.length > 0) throw new ApiError(500, `${problems.join('\n')}\nCan't migrate container - check log`);
}

/** Volumes go by their storage's name, and keep it on the other member; only those for another storage are copied. */
async function send(core: Core, vmid: number, to: (storage: string) => string, task: TaskContext): Promise<string[]> {
  const { config } = core.guests.read('lxc', vmid);
  const left: string[] = [];
  for (const mount of mountsOf(core, config)) {
    const { key, volume } = mount;
    const { storage } = parseVolumeId(volume);
    if (core.storages.get(storage).shared === true) {
      task.log(`volume '${volume}' is on shared storage '${storage}'`);
      continue;
    }
    task.log(`found local volume '${volume}' (in current VM config)`);
    if (to(storage) === storage) continue;
    const copied = await copyVolume(core, vmid, { id: volume }, { storage: to(storage), linked: false }, task);
    config.values[key] = key.startsWith('unused') ? copied : core.mountPoints.print({ ...mount, volume: copied });
    left.push(volume);
  }
  core.guests.write('lxc', vmid, config);
  return left;
}

async function work(call: Call, target: string, running: boolean, task: TaskContext): Promise<void> {
  const { core, vmid } = call;
  const to = storageMap(call.text('target-storage'));
  try {
    if (running) {
      task.log(`shutdown CT ${vmid}`);
      if (!(await core.backend.shutdown(vmid, call.number('timeout') ?? 180, task.log))) {
        await core.backend.stop(vmid, task.log);
      }
    }
    task.log(`starting migration of CT ${vmid} to node '${target}' (${core.profile.address})`);
    const left = await send(core, vmid, to, task);
    noteRest(core, vmid, left, 'migrate');
    task.log('start final cleanup');
    putOn(core, vmid, target);
  } finally {
    await takeBack(core, vmid);
  }
  if (running) {
    task.log('start container on target node');
    await startContainer(core, task, vmid, false);
  }
  task.log('migration finished successfully');
}

/** In restart mode only: containers have no live migration. */
async function migrate(call: Call): Promise<Json> {
  const { core, vmid, authuser } = call;
  const target = call.required('target');
  if (target === core.profile.node) throw parameterError({ target: 'target is local node.' });
  assertQuorum(core);
  if (!nodesOf(core).includes(target)) throw new ApiError(500, `no such cluster node '${target}'`);
  const to = storageMap(call.text('target-storage'));
  const { config } = core.guests.read('lxc', vmid);
  for (const { type, volume } of mountsOf(core, config)) {
    if (type !== 'volume' || call.text('target-storage') === undefined) continue;
    core.access.check(authuser, `/storage/${to(parseVolumeId(volume).storage)}`, ['Datastore.AllocateSpace']);
  }
  const { running } = await core.backend.state(vmid);
  if (running && !call.flag('online') && !call.flag('restart')) {
    throw new ApiError(500, "can't migrate running container without --online or --restart");
  }
  const resource = core.ha.value[`ct:${vmid}`];
  if (resource !== undefined && resource.state !== 'ignored') {
    throw new ApiError(501, 'a migration by high availability is not offered by the local node');
  }
  return core.tasks.start('vzmigrate', String(vmid), authuser, async (task) => {
    await core.locks.run(vmid, async () => {
      const now = core.guests.read('lxc', vmid).config;
      checkLock(now);
      checkDisks(core, now, target, to);
      reserveOver(core, vmid, now, 'migrate');
    });
    await work(call, target, running, task);
  });
}

export const lxcMigrateRoutes: Routes = { 'POST /nodes/{node}/lxc/{vmid}/migrate': migrate };
