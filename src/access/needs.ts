import type { Desired } from '../model/desired.ts';

/** What a privilege is needed for. A deploy cannot do without those of `deploy`; the others belong to verbs of their own. */
export type Verb = 'deploy' | 'snapshot' | 'backup' | 'clone' | 'migrate';

/** One thing that an identity must be allowed. */
export interface Need {
  /** Any of them will do; the first is where it is granted. */
  readonly paths: readonly string[];
  /** Any of them will do; the first is the one to grant. */
  readonly privileges: readonly string[];
  readonly verb: Verb;
  readonly reason: string;
}

/** The server and the place that a definition is for. */
export interface Place {
  /** Where rights on the container are granted: `/pool/x`, `/vms/142`, or `/vms`. */
  readonly guest: string;
  /** The container itself, where it has a number: rights there count as well. */
  readonly container?: string;
  /** Storages of disks. */
  readonly storages: readonly string[];
  readonly templateStorage: string;
  /** undefined: no storage takes backups, or none is wanted. */
  readonly backupStorage?: string;
  /** ACL paths of bridges and virtual networks, a VLAN's below them. */
  readonly networks: readonly string[];
  /** 8, 9 … */
  readonly major: number;
  /** The template has to be fetched first. */
  readonly download: boolean;
  /** What a change of the container that is there takes first: then a deploy needs it. */
  readonly wayBack?: 'snapshot' | 'backup';
  /** The pool that an existing container has to be moved to. */
  readonly moveTo?: string;
}

/** Parts of Desired that decide; absent: any deploy. */
export type Wanted = Pick<Desired, 'unprivileged' | 'state' | 'cores' | 'cpuLimit' | 'cpuUnits' | 'wayBack' | 'pool'> &
  Partial<Pick<Desired, 'nodes'>>;

type Where = 'guest' | 'its pool' | 'storages' | 'template storage' | 'backup storage' | 'networks' | 'root' | 'pool';

export interface Row {
  readonly on: Where;
  readonly privileges: readonly string[];
  readonly verb: Verb;
  readonly reason: string;
  readonly when?: (wanted: Wanted | undefined, place: Place) => boolean;
  /** Also to take a container away. */
  readonly removing?: true;
  /** Beyond one pool: never part of the role that `setup` makes. */
  readonly beyond?: true;
}

const way =
  (kind: 'snapshot' | 'backup') =>
  (wanted: Wanted | undefined): boolean =>
    wanted === undefined || wanted.wayBack === 'auto' || wanted.wayBack === kind;

/**
 * Every privilege that a run needs, with the call that asks for it: `permissions` of the published API descriptions of
 * 8.4 and 9.1, which agree but where a row says so; for single keys PVE::LXC::check_ct_modify_config_perm (facts, C1).
 */
export const ROWS: readonly Row[] = [
  // GET /nodes/{node}/lxc/{vmid}/pending, …/status/current, …/interfaces: perm /vms/{vmid} VM.Audit
  { on: 'guest', privileges: ['VM.Audit'], verb: 'deploy', reason: 'see the container', removing: true },
  // POST /nodes/{node}/lxc: VM.Allocate on /vms/{vmid} or /pool/{pool}; DELETE: perm /vms/{vmid}; features nesting (facts, C1)
  { on: 'guest', privileges: ['VM.Allocate'], verb: 'deploy', reason: 'create and remove it', removing: true },
  // PUT …/config: description, tags, onboot, protection, startup
  {
    on: 'guest',
    privileges: ['VM.Config.Options'],
    verb: 'deploy',
    reason: 'write the owner mark, tags and start at boot',
    removing: true,
  },
  // PUT …/config: memory, swap
  { on: 'guest', privileges: ['VM.Config.Memory'], verb: 'deploy', reason: 'set memory and swap' },
  // PUT …/config: hostname, netN, nameserver, searchdomain
  { on: 'guest', privileges: ['VM.Config.Network'], verb: 'deploy', reason: 'set host name and interfaces' },
  // PUT …/config: rootfs, mpN, unusedN; PUT …/resize, POST …/move_volume: perm /vms/{vmid} VM.Config.Disk
  { on: 'guest', privileges: ['VM.Config.Disk'], verb: 'deploy', reason: 'make, grow and move its disks' },
  // PUT …/config: cores, cpulimit, cpuunits
  {
    on: 'guest',
    privileges: ['VM.Config.CPU'],
    verb: 'deploy',
    reason: 'set cores and CPU limits',
    when: (wanted) =>
      wanted === undefined || [wanted.cores, wanted.cpuLimit, wanted.cpuUnits].some((value) => value !== undefined),
  },
  // POST …/status/{start,shutdown,reboot}: perm /vms/{vmid} VM.PowerMgmt
  { on: 'guest', privileges: ['VM.PowerMgmt'], verb: 'deploy', reason: 'start and stop it', removing: true },
  // GET /cluster/resources and /pools tell a container's pool with it alone; not told, each run would move it there again
  {
    on: 'its pool',
    privileges: ['Pool.Audit'],
    verb: 'deploy',
    reason: 'see in which pool it is',
    when: (wanted) => wanted === undefined || wanted.pool !== undefined,
  },
  // POST /nodes/{node}/lxc: Datastore.AllocateSpace on the storage (row 702 and its neighbours)
  { on: 'storages', privileges: ['Datastore.AllocateSpace'], verb: 'deploy', reason: 'make disks there' },
  // POST /nodes/{node}/aplinfo: perm /storage/{storage} Datastore.AllocateTemplate
  {
    on: 'template storage',
    privileges: ['Datastore.AllocateTemplate'],
    verb: 'deploy',
    reason: 'download the template',
    when: (_wanted, place) => place.download,
  },
  // GET …/storage/{storage}/content and the use of a template (check_volume_access): either of the two
  {
    on: 'template storage',
    privileges: ['Datastore.AllocateSpace', 'Datastore.Audit'],
    verb: 'deploy',
    reason: 'see and use templates',
  },
  // netN, clone: SDN.Use on /sdn/zones/localnetwork/<bridge>[/<vlan>], since 8.0 (facts, 10 and C1)
  { on: 'networks', privileges: ['SDN.Use'], verb: 'deploy', reason: 'put interfaces on it' },
  // POST …/snapshot: perm VM.Snapshot; …/rollback: VM.Snapshot or VM.Snapshot.Rollback
  {
    on: 'guest',
    privileges: ['VM.Snapshot'],
    verb: 'snapshot',
    reason: 'snapshot and roll back',
    when: way('snapshot'),
  },
  // POST /nodes/{node}/vzdump, restore, DELETE of a backup: VM.Backup, and Datastore.AllocateSpace on the storage
  { on: 'guest', privileges: ['VM.Backup'], verb: 'backup', reason: 'back up and restore', when: way('backup') },
  {
    on: 'backup storage',
    privileges: ['Datastore.AllocateSpace'],
    verb: 'backup',
    reason: 'keep backups there',
    when: way('backup'),
  },
  // POST …/clone: VM.Clone on the source, VM.Allocate on the pool
  {
    on: 'guest',
    privileges: ['VM.Clone'],
    verb: 'clone',
    reason: 'clone from an image',
    when: (wanted) => wanted === undefined,
  },
  // POST …/migrate: perm /vms/{vmid} VM.Migrate
  {
    on: 'guest',
    privileges: ['VM.Migrate'],
    verb: 'migrate',
    reason: 'move it to another node',
    when: (wanted) => wanted === undefined || (wanted.nodes ?? []).length > 0,
  },
  // POST /nodes/{node}/lxc of 9.1: "For privileged containers, 'Sys.Modify' permissions on '/' are required."
  {
    on: 'root',
    privileges: ['Sys.Modify'],
    verb: 'deploy',
    reason: 'create a privileged container (since 9.0)',
    when: (wanted, place) => place.major >= 9 && wanted?.unprivileged === false,
    beyond: true,
  },
  // PUT /pools: perm Pool.Allocate on both pools, and the right to change permissions on the guest (VM.Allocate)
  {
    on: 'pool',
    privileges: ['Pool.Allocate'],
    verb: 'deploy',
    reason: 'move the container into the pool',
    when: (_wanted, place) => place.moveTo !== undefined,
    beyond: true,
  },
];

/** What an identity must be allowed for this definition at this place; without one, for any. */
export function needs(wanted: Wanted | undefined, place: Place): readonly Need[] {
  const removing = wanted?.state === 'absent';
  return ROWS.filter((row) => !removing || row.removing === true)
    .filter((row) => row.when?.(wanted, place) ?? true)
    .flatMap(({ on, privileges, verb, reason }) =>
      pathsOf(on, place).map((paths) => ({
        paths,
        privileges,
        verb: verb === place.wayBack ? 'deploy' : verb,
        reason,
      })),
    );
}

function pathsOf(on: Where, place: Place): readonly (readonly string[])[] {
  const storage = (name: string): readonly string[] => [`/storage/${name}`];
  switch (on) {
    case 'guest':
      return [place.container === undefined ? [place.guest] : [place.guest, place.container]];
    case 'its pool':
      return place.guest.startsWith('/pool/') ? [[place.guest]] : [];
    case 'storages':
      return [...new Set(place.storages)].map(storage);
    case 'template storage':
      return [storage(place.templateStorage)];
    case 'backup storage':
      return place.backupStorage === undefined ? [] : [storage(place.backupStorage)];
    case 'networks':
      return [...new Set(place.networks)].map((path) => [path]);
    case 'root':
      return [['/']];
    case 'pool':
      if (place.moveTo === undefined) return [];
      // it leaves the pool that it is in
      return [`/pool/${place.moveTo}`, ...(place.guest.startsWith('/pool/') ? [place.guest] : [])].map((path) => [
        path,
      ]);
    default:
      return on satisfies never;
  }
}
