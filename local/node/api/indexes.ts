import { permissionDenied } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

/** Directories of the API: path → the field that names a child, and the children in Proxmox VE's order. */
const INDEXES: Readonly<Record<string, readonly [string, string]>> = {
  '/access': ['subdir', 'users groups roles acl domains openid tfa ticket password'],
  '/access/openid': ['subdir', 'auth-url login'],
  '/cluster': [
    'name',
    'acme backup backup-info ceph config firewall ha jobs log mapping metrics notifications nextid options ' +
      'replication resources status tasks sdn',
  ],
  '/cluster/acme': ['name', 'account tos directories plugins challenge-schema'],
  '/cluster/backup-info': ['subdir', 'not-backed-up'],
  '/cluster/config': ['name', 'nodes totem join qdevice apiversion'],
  '/cluster/firewall': ['name', 'aliases rules options groups ipset macros refs'],
  '/cluster/ha': ['id', 'status resources groups'],
  '/cluster/ha/status': ['name', 'current manager_status'],
  '/cluster/jobs': ['subdir', 'schedule-analyze realm-sync'],
  '/cluster/mapping': ['name', 'dir pci usb'],
  '/cluster/metrics': ['name', 'server export'],
  '/cluster/notifications': ['name', 'endpoints matchers targets'],
  '/nodes/{node}': [
    'name',
    'aplinfo apt capabilities ceph certificates config disks dns firewall hardware hosts journal lxc migrateall ' +
      'netstat network qemu query-url-metadata replication report rrd rrddata scan services spiceshell startall ' +
      'status stopall storage subscription suspendall syslog tasks termproxy time version vncshell vzdump wakeonlan sdn',
  ],
  '/nodes/{node}/apt': ['id', 'changelog repositories update versions'],
  '/nodes/{node}/capabilities': ['name', 'qemu'],
  '/nodes/{node}/capabilities/qemu': ['name', 'cpu machines'],
  '/nodes/{node}/certificates': ['name', 'acme custom info'],
  '/nodes/{node}/disks': ['name', 'list initgpt smart lvm lvmthin directory wipedisk zfs'],
  '/nodes/{node}/firewall': ['name', 'rules options log'],
  '/nodes/{node}/hardware': ['type', 'pci usb'],
  '/nodes/{node}/lxc/{vmid}/firewall': ['name', 'rules aliases ipset refs options'],
  '/nodes/{node}/scan': ['method', 'cifs glusterfs iscsi lvm nfs pbs zfs'],
  '/nodes/{node}/services/{service}': ['subdir', 'state start stop restart reload'],
  '/nodes/{node}/storage/{storage}': [
    'subdir',
    'content download-url file-restore import-metadata prunebackups rrd rrddata status upload',
  ],
};

/** Lists that have nothing in them here. */
const EMPTY = [
  '/access/tfa',
  '/access/tfa/{userid}',
  '/cluster/metrics/server',
  '/cluster/replication',
  '/nodes/{node}/apt/update',
  '/nodes/{node}/replication',
];

/** Second factors are shown to oneself and to who manages users. */
function tfa(call: Call): readonly never[] {
  const userid = call.required('userid');
  if (
    userid !== call.authuser &&
    !call.core.access.any(call.authuser, '/access/groups', ['User.Modify', 'Sys.Audit'])
  ) {
    throw permissionDenied();
  }
  return [];
}

export const indexRoutes: Routes = {
  ...Object.fromEntries(
    Object.entries(INDEXES).map(([path, [field, names]]) => [
      `GET ${path}`,
      () => names.split(' ').map((name) => ({ [field]: name })),
    ]),
  ),
  ...Object.fromEntries(EMPTY.map((path) => [`GET ${path}`, () => []])),
  'GET /access/tfa/{userid}': tfa,
  'GET /access/users/{userid}/tfa': () => ({}),
  'PUT /access/users/{userid}/unlock-tfa': () => 0,
};
