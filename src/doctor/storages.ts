import type { Desired } from '../model/desired.ts';
import type { Finding } from '../model/finding.ts';
import type { StorageState } from '../model/observed.ts';
import { ok, problem, warning } from './findings.ts';

const GIB = 1024 ** 3;
/** Below it not even a template can be unpacked. */
const LEAST_GIB = 1;

/** What is asked of one storage. */
export interface StorageUse {
  readonly storage: string;
  readonly content: 'rootdir' | 'vztmpl' | 'backup';
  /** GiB that a new container takes; 0: nothing new. */
  readonly size: number;
  /** Where it is named, for the fix. */
  readonly named: string;
}

/** Disks of a definition by storage, and where its template comes from. `fresh`: the container does not exist yet. */
export function storageUses(
  desired: Pick<Desired, 'rootfs' | 'volumes' | 'templateStorage'>,
  fresh: boolean,
): readonly StorageUse[] {
  const disks = [desired.rootfs, ...desired.volumes];
  const storages = [...new Set(disks.map(({ storage }) => storage))];
  return [
    ...storages.map((storage): StorageUse => {
      const sizes = disks.filter((disk) => disk.storage === storage).map(({ size }) => size);
      const size = fresh ? sizes.reduce((sum, each) => sum + each, 0) : 0;
      return { storage, content: 'rootdir', size, named: 'disk of the definition, or proxmox.storage' };
    }),
    { storage: desired.templateStorage, content: 'vztmpl', size: 0, named: 'proxmox.template_storage' },
  ];
}

export interface StorageSight {
  readonly node: string;
  /** Those that this identity may see. */
  readonly storages: readonly StorageState[];
  /** Whether it may see this one: then one that is not there does not exist. */
  maySee(storage: string): boolean;
}

export function examineStorages(uses: readonly StorageUse[], sight: StorageSight): readonly Finding[] {
  return uses.flatMap((use) => examineOne(use, sight));
}

function examineOne(use: StorageUse, { node, storages, maySee }: StorageSight): readonly Finding[] {
  const { storage, content, size, named } = use;
  const state = storages.find((entry) => entry.storage === storage);
  const others = storages.filter((entry) => entry.content.includes(content)).map((entry) => entry.storage);
  const choose = others.length === 0 ? [] : [`those with ${content} there: ${others.join(', ')} (${named})`];
  if (state === undefined) {
    // What it may not see is told as a missing privilege.
    if (!maySee(storage)) return [];
    return [problem('storages', 'user', `storage ${storage} does not exist on node ${node}`, choose)];
  }
  if (!state.enabled) {
    return [problem('storages', 'remote', `storage ${storage} is disabled`, [`pvesm set ${storage} --disable 0`])];
  }
  if (!state.active) {
    return [
      problem('storages', 'remote', `storage ${storage} is not active on ${node}`, [
        'pvesm status on the node tells why',
      ]),
    ];
  }
  if (!state.content.includes(content)) {
    const wanted = [...state.content, content].join(',');
    return [
      problem('storages', 'remote', `storage ${storage} does not take ${content}, but ${state.content.join(', ')}`, [
        `pvesm set ${storage} --content ${wanted}`,
        ...choose,
      ]),
    ];
  }
  return [space(state, content, size)];
}

function space({ storage, available }: StorageState, content: string, size: number): Finding {
  const free = available / GIB;
  const shown = `${free < 10 ? free.toFixed(1) : Math.floor(free)} GiB free`;
  const fix = ['free some space there, or choose another storage'];
  if (free < LEAST_GIB) return problem('storages', 'remote', `storage ${storage} is full: ${shown}`, fix);
  if (free >= size) {
    const asked = size === 0 ? '' : `, ${size} GiB asked for`;
    return ok('storages', `storage ${storage} takes ${content}, ${shown}${asked}`);
  }
  // Thin volumes take only what is written to them.
  return warning('storages', `storage ${storage} has ${shown}, and the definition asks for ${size} GiB`, fix);
}
