import type { Definition } from '../model/definition.ts';
import type { Desired } from '../model/desired.ts';
import { type Problem, ProblemsError } from '../model/errors.ts';
import type { Settings } from '../model/settings.ts';
import { addressOf } from './address.ts';
import { mountsOf, templateOf, templateStorageOf, vmidOf } from './choices.ts';
import { hostnameOf } from './hostname.ts';
import type { Identity } from './identity.ts';

/** Proxmox VE's own defaults are 512 MiB and a disk of 4 GiB; Debian with a service fills that soon. */
const MEMORY_MIB = 512;
const SWAP_MIB = 512;
const DISK_GIB = 8;

/**
 * What shall be: the definition, completed by the site's settings. Pure, and independent of any server. Throws ProblemsError
 * with file and line of each value that conflicts with another or with a setting.
 */
export function resolve(definition: Definition, settings: Settings, identity: Identity): Desired {
  const problems: Problem[] = [];
  const { network } = settings;
  const { nameserver, searchdomain } = network;
  const template = templateOf(definition.template, problems);
  const desired: Desired = {
    version: 1,
    name: identity.name,
    stage: identity.stage,
    owner: identity.owner,
    ...(identity.commit === undefined ? {} : { commit: identity.commit }),
    state: definition.state?.value ?? 'present',
    vmid: vmidOf(definition, settings.vmidBase, problems),
    hostname: hostnameOf(definition, identity, problems),
    template,
    templateStorage: templateStorageOf(template, settings.templateStorage),
    unprivileged: definition.unprivileged?.value ?? true,
    features: { nesting: definition.nesting?.value ?? true },
    ...(definition.cores === undefined ? {} : { cores: definition.cores.value }),
    memory: definition.memory?.value ?? MEMORY_MIB,
    swap: definition.swap?.value ?? SWAP_MIB,
    rootfs: definition.disk?.value ?? { storage: settings.storage, size: DISK_GIB },
    onboot: definition.boot?.value ?? true,
    interfaces: [
      {
        index: 0,
        name: network.interface,
        // A local node has one bridge, whatever the site's are called.
        bridge: network.translate === undefined ? (definition.bridge?.value ?? network.bridge) : network.bridge,
        ipv4: addressOf(definition, network, problems),
      },
    ],
    ...(nameserver === undefined ? {} : { nameserver }),
    ...(searchdomain === undefined ? {} : { searchdomain }),
    mounts: mountsOf(definition.mounts, problems),
    baseline: {
      timezone: settings.timezone,
      locale: settings.locale,
      upgrade: settings.upgrade,
      sshKeys: settings.sshKeys,
    },
    engine: definition.engine,
    health: definition.health?.value ?? [],
  };
  if (problems.length > 0) throw new ProblemsError(`definition ${definition.directory}`, problems);
  return desired;
}
