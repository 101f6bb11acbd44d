import type { Definition, Written } from '../model/definition.ts';
import type { Desired } from '../model/desired.ts';
import { type Problem, ProblemsError } from '../model/errors.ts';
import type { NetworkDefaults, Settings } from '../model/settings.ts';
import { templateOf, templateStorageOf, vmidOf } from './choices.ts';
import { hostnameOf } from './hostname.ts';
import type { Identity } from './identity.ts';
import { interfacesOf } from './interfaces.ts';
import { partOf, problemAt } from './problems.ts';
import { checkShare, dependsOnShare, withShare } from './share.ts';
import { mountedOf } from './storage.ts';

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
  const template = templateOf(definition.template, problems);
  const interfaces = interfacesOf(definition, network, problems);
  const mounted = withShare(
    { ...mountedOf(definition, settings.storage, problems), features: featuresOf(definition) },
    settings.share,
  );
  checkShare(definition, mounted.share, identity, problems);
  const desired: Desired = {
    version: 1,
    name: identity.name,
    stage: identity.stage,
    owner: identity.owner,
    ...(identity.commit === undefined ? {} : { commit: identity.commit }),
    state: definition.state?.value ?? 'present',
    vmid: vmidOf(definition, settings.vmidBase, problems),
    nodes: definition.nodes?.value ?? [],
    hostname: hostnameOf(definition, identity, problems),
    template,
    templateStorage: templateStorageOf(template, settings.templateStorage),
    unprivileged: definition.unprivileged?.value ?? true,
    ...optional('cores', definition.cores),
    ...optional('cpuLimit', definition.cpuLimit),
    ...optional('cpuUnits', definition.cpuUnits),
    memory: definition.memory?.value ?? MEMORY_MIB,
    swap: definition.swap?.value ?? SWAP_MIB,
    rootfs: definition.disk?.value ?? { storage: settings.storage, size: DISK_GIB },
    onboot: definition.boot?.value ?? true,
    interfaces,
    ...namesOf(definition, network),
    ...mounted,
    ...optional('pool', definition.pool),
    ...optional('tags', definition.tags),
    ...optional('description', definition.description),
    ...optional('protection', definition.protection),
    ...optional('startup', definition.startup),
    depends: dependsOnShare(dependsOf(definition, identity, problems), mounted.share),
    secrets: definition.secrets?.value ?? [],
    wayBack: definition.wayBack?.value ?? 'auto',
    ...optional('dropSnapshots', definition.dropSnapshots),
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

function optional<K extends string, T>(key: K, written: Written<T> | undefined): { readonly [key in K]?: T } {
  return written === undefined ? {} : ({ [key]: written.value } as { readonly [key in K]: T });
}

function featuresOf({ nesting, features }: Definition): Desired['features'] {
  const { keyctl = false, fuse = false, mknod = false, mount = [], ...rest } = features?.value ?? {};
  return { nesting: nesting?.value ?? rest.nesting ?? true, keyctl, fuse, mknod, mount: mount.toSorted() };
}

function dependsOf({ depends }: Definition, { name, owner }: Identity, problems: Problem[]): readonly string[] {
  if (depends === undefined) return [];
  for (const [index, other] of depends.value.entries()) {
    if (other !== name && other !== owner) continue;
    problems.push(problemAt(partOf(depends, [index], other), `${other} is this container itself`, 'remove it'));
  }
  return depends.value;
}

/** A local node has a resolver of its own; the site's servers may be out of its reach. */
function namesOf(definition: Definition, network: NetworkDefaults): Pick<Desired, 'nameserver' | 'searchdomain'> {
  const nameserver =
    network.translate === undefined
      ? (definition.nameserver?.value.join(' ') ?? network.nameserver)
      : network.nameserver;
  const searchdomain = definition.searchdomain?.value ?? network.searchdomain;
  return {
    ...(nameserver === undefined ? {} : { nameserver }),
    ...(searchdomain === undefined ? {} : { searchdomain }),
  };
}
