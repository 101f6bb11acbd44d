import type { Desired } from '../model/desired.ts';
import type { Change, Parameters } from '../model/plan.ts';
import { TAG } from './fields.ts';
import { freeKey, wantedMounts } from './mounts.ts';
import { createNetwork, describeNetwork } from './network.ts';

/** Parameters of the create call. The template, the description and the SSH keys come from apply. */
export function createParameters(desired: Desired, share: string | undefined): Parameters {
  const parameters: Record<string, string | number> = {
    hostname: desired.hostname,
    memory: desired.memory,
    swap: desired.swap,
    onboot: desired.onboot ? 1 : 0,
    // Proxmox VE's default differs by version (8.x: privileged), so it is always sent.
    unprivileged: desired.unprivileged ? 1 : 0,
    // Only `storage:SIZE`, never a volume: one that names another container's volume is unpacked over.
    rootfs: `${desired.rootfs.storage}:${desired.rootfs.size}`,
    tags: TAG,
  };
  if (desired.cores !== undefined) parameters.cores = desired.cores;
  if (desired.features.nesting) parameters.features = 'nesting=1';
  if (desired.nameserver !== undefined) parameters.nameserver = desired.nameserver;
  if (desired.searchdomain !== undefined) parameters.searchdomain = desired.searchdomain;
  for (const net of desired.interfaces) parameters[`net${net.index}`] = createNetwork(net);
  for (const mount of wantedMounts(desired.mounts, share)) {
    parameters[freeKey(mount.family, Object.keys(parameters))] = mount.value;
  }
  return parameters;
}

/** What a create makes, in the fields that people know. */
export function createChanges(desired: Desired, template: string, parameters: Parameters): Change[] {
  const field = (name: string, to: string | number | undefined): Change[] =>
    to === undefined ? [] : [{ field: name, to: String(to), disruption: 'none' }];
  return [
    ...field('template', template),
    ...field('hostname', desired.hostname),
    ...field('cores', desired.cores ?? 'all'),
    ...field('memory', `${desired.memory} MiB, swap ${desired.swap} MiB`),
    ...field('disk', `${desired.rootfs.size} GiB on ${desired.rootfs.storage}`),
    ...desired.interfaces.flatMap((net) =>
      field(`net${net.index}`, describeNetwork(String(parameters[`net${net.index}`]))),
    ),
    ...desired.mounts.map((mount): Change => {
      const to =
        mount.kind === 'bind' ? `${mount.host} at ${mount.path}` : mount.kind === 'share' ? 'share' : mount.path;
      return { field: 'mount', to, disruption: 'none' };
    }),
    ...field('privileges', desired.unprivileged ? 'unprivileged' : 'privileged'),
    ...field('start at boot', desired.onboot ? 'yes' : 'no'),
  ];
}
