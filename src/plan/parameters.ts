import type { Desired } from '../model/desired.ts';
import type { Change, Parameters } from '../model/plan.ts';
import { change } from './edit.ts';
import { featuresValue } from './features.ts';
import { freeKeys } from './keys.ts';
import { BIND_NOTE, bindsOf, bindValue, describeBind, describeDevice, deviceValue } from './mounts.ts';
import { createNetwork, describeNetwork } from './network.ts';
import { startupText } from './resources.ts';
import { tagsText } from './text.ts';
import { describeNew, newVolume } from './volume-edits.ts';

/** Whether a new container is protected without a word, for its volumes. */
export function isGuarded({ protection, volumes }: Desired): boolean {
  return protection === undefined && volumes.length > 0;
}

/** Parameters of the create call. The template, the description and the SSH keys come from apply. */
export function createParameters(desired: Desired, share: string | undefined): Parameters {
  const { cores, cpuLimit, cpuUnits, startup, protection, nameserver, searchdomain, pool } = desired;
  const features = featuresValue(desired.features);
  const optional: Readonly<Record<string, string | number | undefined>> = {
    cores,
    cpulimit: cpuLimit === 0 ? undefined : cpuLimit,
    cpuunits: cpuUnits,
    startup: startup === undefined ? undefined : startupText(startup),
    protection: isGuarded(desired) || protection === true ? 1 : undefined,
    features: features === '' ? undefined : features,
    nameserver,
    searchdomain,
    pool,
  };
  return {
    hostname: desired.hostname,
    memory: desired.memory,
    swap: desired.swap,
    onboot: desired.onboot ? 1 : 0,
    // Proxmox VE's default differs by version (8.x: privileged), so it is always sent.
    unprivileged: desired.unprivileged ? 1 : 0,
    // Only `storage:SIZE`, never a volume: one that names another container's volume is unpacked over.
    rootfs: `${desired.rootfs.storage}:${desired.rootfs.size}`,
    tags: tagsText(desired.tags ?? []),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
    ...Object.fromEntries(desired.interfaces.map((net) => [`net${net.index}`, createNetwork(net)])),
    ...mountParameters(desired, share),
  } as Parameters;
}

/** Mounted in the order of their numbers: what lies in another one comes after it. */
function mountParameters(desired: Desired, share: string | undefined): Record<string, string> {
  const free = freeKeys([]);
  const depth = (path: string): number => path.split('/').length;
  const mounts = [
    ...desired.volumes.map((volume) => ({ path: volume.path, value: newVolume(volume) })),
    ...bindsOf(desired.mounts, share).map((bind) => ({ path: bind.path, value: bindValue(bind) })),
  ].toSorted((a, b) => depth(a.path) - depth(b.path));
  return Object.fromEntries([
    ...mounts.map(({ value }) => [free('mp'), value]),
    ...desired.devices.map((device) => [free('dev'), deviceValue(device)]),
  ]);
}

/** What only a login of root@pam may create, in words. */
export function reservedAtCreate(desired: Desired): readonly string[] {
  const { features, unprivileged } = desired;
  const others = (['keyctl', 'fuse', 'mknod'] as const).filter((name) => features[name]);
  const reserved = [...others, ...(features.mount.length > 0 ? ['mount'] : [])];
  return [
    ...desired.mounts.map((mount) => (mount.kind === 'share' ? 'mount share' : `mount ${mount.path}`)),
    ...desired.devices.map(({ path }) => `device ${path}`),
    ...reserved.map((name) => `feature ${name}`),
    ...(!unprivileged && features.nesting ? ['feature nesting'] : []),
  ];
}

/** What a create makes, in the fields that people know. */
export function createChanges(
  desired: Desired,
  template: string,
  parameters: Parameters,
  share: string | undefined,
): Change[] {
  const field = (name: string, to: string | number | undefined): Change[] =>
    to === undefined ? [] : [change(name, undefined, String(to))];
  const { features, startup, tags } = desired;
  const others = (['keyctl', 'fuse', 'mknod'] as const).filter((name) => features[name]);
  return [
    ...field('template', template),
    ...field('hostname', desired.hostname),
    ...field('cores', desired.cores ?? 'all'),
    ...field('cpu limit', desired.cpuLimit === 0 ? undefined : desired.cpuLimit),
    ...field('cpu units', desired.cpuUnits),
    ...field('memory', `${desired.memory} MiB, swap ${desired.swap} MiB`),
    ...field('disk', `${desired.rootfs.size} GiB on ${desired.rootfs.storage}`),
    ...desired.interfaces.flatMap((net) =>
      field(`net${net.index}`, describeNetwork(String(parameters[`net${net.index}`]))),
    ),
    ...desired.volumes.flatMap((volume) => field(`volume ${volume.name}`, describeNew(volume))),
    ...bindsOf(desired.mounts, share).map((bind) =>
      change(`mount ${bind.path}`, undefined, describeBind(bind), { note: BIND_NOTE }),
    ),
    ...desired.devices.flatMap((device) => field(`device ${device.path}`, describeDevice(deviceValue(device)))),
    ...field('privileges', desired.unprivileged ? 'unprivileged' : 'privileged'),
    ...others.flatMap((name) => field(name, 'on')),
    ...field('mount types', features.mount.length === 0 ? undefined : features.mount.join(', ')),
    ...field('start at boot', desired.onboot ? 'yes' : 'no'),
    ...field('startup', startup === undefined ? undefined : startupText(startup)),
    ...field('protection', isGuarded(desired) || desired.protection === true ? 'on' : undefined),
    ...field('pool', desired.pool),
    ...field('tags', tags === undefined ? undefined : tagsText(tags)),
  ];
}
