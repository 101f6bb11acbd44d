import { GitopsError } from '../../model/errors.ts';
import type { CloneSource } from '../../model/image.ts';
import type { Mark } from '../../model/mark.ts';
import type { ContainerState } from '../../model/observed.ts';
import type { Parameters } from '../../model/plan.ts';
import type { Ports } from '../../model/ports.ts';
import { formatProperties, GIB, parseProperties, parseSize } from '../../model/property-string.ts';
import { call, DEADLINES } from '../deadlines.ts';
import { isIndexRefused, UNTAGGED } from '../steps/change.ts';

type ClonePorts = Pick<Ports, 'clones' | 'containers' | 'inventory'>;

export interface CloneWish {
  readonly node: string;
  readonly vmid: number;
  /** Of a create call. */
  readonly parameters: Parameters;
  /** With the mark of the clone: sent in the clone call itself, so that whatever is killed after it is found. */
  readonly description: string;
  readonly image: CloneSource;
}

/** Set by the clone call, or fixed by the image. */
const BY_CLONE = ['hostname', 'pool', 'rootfs', 'unprivileged'] as const;
/** Keys of an image that a container may not have. */
const IMAGES_OWN = /^(?:net\d+|features|nameserver|searchdomain)$/;

/** What a mark says of a container that was just cloned: the image's host keys are what it is known by. */
export function markOfClone(mark: Mark, { baseline, hostKeys }: CloneSource): Mark {
  const applied = baseline === undefined ? mark.applied : { ...mark.applied, baseline };
  return { ...mark, applied, hostKeys, borrowedKeys: true };
}

/** The clone call alone: a container with the config of its image. */
export async function cloneImage({ clones }: ClonePorts, wish: CloneWish, signal: AbortSignal): Promise<string[]> {
  const { node, vmid, parameters, description, image } = wish;
  const { pool, hostname, rootfs } = parameters;
  const task = await clones.clone(
    {
      node: image.node ?? node,
      ...(image.node === undefined ? {} : { target: node }),
      from: image.vmid,
      vmid,
      kind: image.kind,
      hostname: String(hostname),
      description,
      ...(pool === undefined ? {} : { pool: String(pool) }),
      ...(image.kind === 'full' ? { storage: diskOf(rootfs).storage } : {}),
    },
    call(DEADLINES.create, signal),
  );
  return [...task.warnings];
}

/**
 * Makes a clone like the container that a create call with these parameters would have made; `description`: in the same
 * call as the rest of its config. The answer are warnings.
 */
export async function shapeClone(
  { containers, inventory }: ClonePorts,
  { node, vmid, parameters, description }: Omit<CloneWish, 'image' | 'description'> & { readonly description?: string },
  signal: AbortSignal,
): Promise<string[]> {
  const look = async (): Promise<ContainerState> => {
    const state = await inventory.container(node, vmid, call(DEADLINES.read, signal));
    if (state !== undefined) return state;
    throw new GitopsError('remote', `Unable to clone container ${vmid} on ${node}: it is gone`);
  };
  const warnings: string[] = [];
  let state = await look();
  const { size } = diskOf(parameters.rootfs);
  if (size * GIB > (parseSize(parseProperties(state.config.rootfs ?? '').get('size')) ?? 0)) {
    const power = call(DEADLINES.power, signal);
    warnings.push(...(await containers.resize(node, vmid, 'rootfs', size, state.digest, power)).warnings);
    state = await look();
  }
  const write = call(DEADLINES.write, signal);
  // Protection comes after the disks that it guards.
  const { protection, ...rest } = changesOf(state, parameters);
  const whole: Parameters = { ...rest, ...(description === undefined ? {} : { description }) };
  const remove = Object.keys(state.config).filter((key) => IMAGES_OWN.test(key) && parameters[key] === undefined);
  const update = (set: Parameters) => containers.update(node, vmid, { set, remove }, state.digest, write);
  await update(whole).catch(async (error: unknown) => {
    if (!isIndexRefused(error)) throw error;
    const { tags: _, ...untagged } = whole;
    await update(untagged);
    warnings.push(UNTAGGED);
  });
  if (protection === undefined) return warnings;
  await containers.update(node, vmid, { set: { protection }, remove: [] }, (await look()).digest, write);
  return warnings;
}

/** `storage:SIZE` of a create call. */
function diskOf(rootfs: string | number | undefined): { readonly storage: string; readonly size: number } {
  const [storage = '', size = '0'] = String(rootfs).split(':');
  return { storage, size: Number(size) };
}

/** What a create call would have set, and the clone does not have. */
function changesOf({ config }: ContainerState, parameters: Parameters): Parameters {
  const wanted = Object.entries(parameters).filter(([key]) => !BY_CLONE.some((known) => known === key));
  const set = wanted.flatMap(([key, value]): [string, string | number][] => {
    const sent = /^net\d+$/.test(key) ? withItsMac(String(value), config[key]) : value;
    return config[key] === String(sent) ? [] : [[key, sent]];
  });
  return Object.fromEntries(set);
}

/** A clone has a MAC address of its own already; without one in the value it would get another one. */
function withItsMac(value: string, current: string | undefined): string {
  const properties = new Map(parseProperties(value));
  const mac = parseProperties(current ?? '').get('hwaddr');
  if (mac !== undefined && !properties.has('hwaddr')) properties.set('hwaddr', mac);
  return formatProperties(properties);
}
