import { basename } from 'node:path';
import type { Core } from '../core.ts';
import { ApiError, errorText } from '../http/answer.ts';
import { splitVolumeId } from '../store/storages.ts';
import type { TaskContext } from '../tasks/tasks.ts';
import type { GuestConfig, Values } from './config.ts';
import { makeDisks } from './disks.ts';
import { addToPool, finish, noteVolume, takeBack } from './making.ts';
import { DEFAULT_MEMORY, toSpec } from './spec.ts';

/** A container to be made; all checks that can be made before have been. */
export interface Creation {
  readonly vmid: number;
  /** As they will be stored, without mount points. */
  readonly config: GuestConfig;
  readonly mounts: Values;
  readonly ostemplate: string;
  readonly password?: string;
  readonly sshPublicKeys?: string;
  readonly pool?: string;
}

const DISTRIBUTIONS: readonly (readonly [RegExp, string])[] = [
  [/^(?:debian|devuan|ubuntu|centos|fedora|opensuse|archlinux|alpine|gentoo|nixos)/, ''],
  [/^(?:almalinux|rockylinux)/, 'centos'],
];

/** What pve-container reads from the unpacked system; template names say the same. */
function ostypeOf(archive: string): string {
  const name = basename(archive);
  for (const [pattern, ostype] of DISTRIBUTIONS) {
    const found = pattern.exec(name)?.[0];
    if (found !== undefined) return ostype === '' ? found : ostype;
  }
  return 'unmanaged';
}

/** Where the archive is; root may name any file. */
export function archivePath(core: Core, ostemplate: string): string {
  const id = splitVolumeId(ostemplate);
  if (id === undefined) return localPath(core, ostemplate);
  core.storages.enabled(id.storage);
  const [content = '', file = ''] = id.name.split('/');
  if (content !== 'vztmpl' && content !== 'backup')
    throw new ApiError(500, `unable to parse volume ID '${ostemplate}'`);
  const known = core.storages.files(id.storage, content).some(({ name }) => name === `${content}/${file}`);
  if (!known) throw new ApiError(500, `volume '${ostemplate}' does not exist`);
  return core.storages.filePath(id);
}

/** A path below a storage's shown path is where that storage's bytes really are. */
function localPath(core: Core, path: string): string {
  for (const { storage, path: shown } of core.storages.all()) {
    if (shown !== undefined && path.startsWith(`${shown}/`)) {
      return `${core.storages.directory(storage)}${path.slice(shown.length)}`;
    }
  }
  return path;
}

async function build(core: Core, task: TaskContext, creation: Creation): Promise<void> {
  const { vmid, mounts, ostemplate, password, sshPublicKeys } = creation;
  const config = structuredClone(creation.config);
  Object.assign(config.values, await makeDisks(core, vmid, mounts, (id) => noteVolume(core, vmid, id)));
  const archive = archivePath(core, ostemplate);
  config.values.ostype ??= ostypeOf(archive);
  config.values.arch ??= 'amd64';
  config.values.hostname ??= `CT${vmid}`;
  config.values.memory ??= String(DEFAULT_MEMORY);
  config.values.swap ??= String(DEFAULT_MEMORY);
  const options = {
    archive,
    ...(password === undefined ? {} : { password }),
    ...(sshPublicKeys === undefined ? {} : { sshPublicKeys }),
  };
  await core.backend.unpack(toSpec(core, vmid, config.values), options, task.log, task.signal);
  core.guests.write('lxc', vmid, config);
}

/** The worker of a create. A failure or an abort leaves nothing behind. */
export async function createContainer(core: Core, task: TaskContext, creation: Creation): Promise<void> {
  const { vmid, pool } = creation;
  await core.locks.run(vmid, async () => {
    try {
      await build(core, task, creation);
    } catch (error) {
      await takeBack(core, vmid);
      throw new ApiError(500, `unable to create CT ${vmid} - ${errorText(error)}`);
    }
    finish(core, vmid);
  });
  if (pool !== undefined) addToPool(core, pool, vmid);
}
