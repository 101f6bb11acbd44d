/** Privileges of Proxmox VE 8.4 and 9.1 (GET /access/roles of a real server, row 97; 9.1: the access-control changelog). */
const COMMON = {
  datastore: ['Datastore.Allocate', 'Datastore.AllocateSpace', 'Datastore.AllocateTemplate', 'Datastore.Audit'],
  sdn: ['SDN.Allocate', 'SDN.Audit', 'SDN.Use'],
  mapping: ['Mapping.Audit', 'Mapping.Modify', 'Mapping.Use'],
  config: ['CDROM', 'CPU', 'Cloudinit', 'Disk', 'HWType', 'Memory', 'Network', 'Options'].map((n) => `VM.Config.${n}`),
  sys: ['AccessNetwork', 'Audit', 'Console', 'Incoming', 'Modify', 'PowerMgmt', 'Syslog'].map((name) => `Sys.${name}`),
};

const GUEST_AGENT = ['Audit', 'FileRead', 'FileSystemMgmt', 'FileWrite', 'Unrestricted'].map(
  (n) => `VM.GuestAgent.${n}`,
);

export type Roles = ReadonlyMap<string, readonly string[]>;

/** Roles that come with the release; `Administrator` holds every privilege. */
export function builtinRoles(release: '8.4' | '9.1'): Roles {
  const monitor = release === '8.4' ? ['VM.Monitor'] : [...GUEST_AGENT, 'VM.Replicate'];
  const vmAdmin = [
    ...['VM.Allocate', 'VM.Audit', 'VM.Backup', 'VM.Clone'],
    ...COMMON.config,
    ...['VM.Console', 'VM.Migrate', 'VM.PowerMgmt', 'VM.Snapshot', 'VM.Snapshot.Rollback'],
    ...monitor,
  ];
  const all = [
    ...COMMON.datastore,
    ...['Group.Allocate', 'Permissions.Modify', 'Pool.Allocate', 'Pool.Audit', 'Realm.Allocate', 'Realm.AllocateUser'],
    ...COMMON.mapping,
    ...COMMON.sdn,
    ...COMMON.sys,
    'User.Modify',
    ...vmAdmin,
  ];
  const notForAdmin = ['Mapping.Modify', 'Permissions.Modify', 'Realm.Allocate'];
  const adminSys = ['Sys.Audit', 'Sys.Console', 'Sys.Syslog'];
  const roles: Record<string, readonly string[]> = {
    Administrator: all,
    NoAccess: [],
    PVEAdmin: all.filter((p) => !notForAdmin.includes(p) && (!p.startsWith('Sys.') || adminSys.includes(p))),
    PVEAuditor: ['Datastore.Audit', 'Mapping.Audit', 'Pool.Audit', 'SDN.Audit', 'Sys.Audit', 'VM.Audit'],
    PVEDatastoreAdmin: COMMON.datastore,
    PVEDatastoreUser: ['Datastore.AllocateSpace', 'Datastore.Audit'],
    PVEMappingAdmin: COMMON.mapping,
    PVEMappingUser: ['Mapping.Audit', 'Mapping.Use'],
    PVEPoolAdmin: ['Pool.Allocate', 'Pool.Audit'],
    PVEPoolUser: ['Pool.Audit'],
    PVESDNAdmin: COMMON.sdn,
    PVESDNUser: ['SDN.Audit', 'SDN.Use'],
    PVESysAdmin: adminSys,
    PVETemplateUser: ['VM.Audit', 'VM.Clone'],
    PVEUserAdmin: ['Group.Allocate', 'Realm.AllocateUser', 'User.Modify'],
    PVEVMAdmin: vmAdmin,
    PVEVMUser: ['VM.Audit', 'VM.Backup', 'VM.Config.CDROM', 'VM.Config.Cloudinit', 'VM.Console', 'VM.PowerMgmt'],
  };
  return new Map(Object.entries(roles).map(([role, privileges]) => [role, [...privileges].sort()]));
}

/** Every name that either release knows. */
export const KNOWN_PRIVILEGES: ReadonlySet<string> = new Set([
  ...(builtinRoles('8.4').get('Administrator') ?? []),
  ...(builtinRoles('9.1').get('Administrator') ?? []),
]);
