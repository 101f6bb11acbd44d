import { GitopsError } from '../../model/errors.ts';
import type { CloneSource } from '../../model/image.ts';
import type { ContainerState } from '../../model/observed.ts';
import type { Parameters } from '../../model/plan.ts';
import type { Ports } from '../../model/ports.ts';
import { formatProperties, parseProperties } from '../../model/property-string.ts';
import { call, DEADLINES } from '../deadlines.ts';
import { isIndexRefused, UNTAGGED } from '../steps/change.ts';

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

/**
 * A container like one that a create call with these parameters makes. Cut off after the clone, it differs from its
 * definition, and the next plan brings it there.
 */
export async function cloneImage(
  { clones, containers, inventory }: Pick<Ports, 'clones' | 'containers' | 'inventory'>,
  { node, vmid, parameters, description, image }: CloneWish,
  signal: AbortSignal,
): Promise<{ readonly warnings: readonly string[] }> {
  const [storage = '', gibibytes = ''] = String(parameters.rootfs).split(':');
  const cloned = await clones.clone(
    {
      node,
      from: image.vmid,
      vmid,
      kind: image.kind,
      hostname: String(parameters.hostname),
      description,
      ...(parameters.pool === undefined ? {} : { pool: String(parameters.pool) }),
      ...(image.kind === 'full' ? { storage } : {}),
    },
    call(DEADLINES.create, signal),
  );
  const look = async (): Promise<ContainerState> => {
    const state = await inventory.container(node, vmid, call(DEADLINES.read, signal));
    if (state !== undefined) return state;
    throw new GitopsError('remote', `Unable to clone container ${vmid} on ${node}: it is gone`);
  };
  const warnings = [...cloned.warnings];
  let state = await look();
  if (Number(gibibytes) > image.size) {
    const power = call(DEADLINES.power, signal);
    const size = Number(gibibytes);
    warnings.push(...(await containers.resize(node, vmid, 'rootfs', size, state.digest, power)).warnings);
    state = await look();
  }
  const write = call(DEADLINES.write, signal);
  // Protection comes after the disks that it guards.
  const { protection, ...rest } = changesOf(state, parameters);
  const remove = Object.keys(state.config).filter((key) => IMAGES_OWN.test(key) && parameters[key] === undefined);
  const update = (set: Parameters) => containers.update(node, vmid, { set, remove }, state.digest, write);
  await update(rest).catch(async (error: unknown) => {
    if (!isIndexRefused(error)) throw error;
    const { tags: _, ...untagged } = rest;
    await update(untagged);
    warnings.push(UNTAGGED);
  });
  if (protection !== undefined) {
    const { digest } = await look();
    await containers.update(node, vmid, { set: { protection }, remove: [] }, digest, write);
  }
  return { warnings };
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
