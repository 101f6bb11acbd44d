import { aclRoutes } from './access-acl.ts';
import { domainRoutes } from './access-domains.ts';
import { groupRoutes } from './access-groups.ts';
import { permissionRoutes } from './access-permissions.ts';
import { roleRoutes } from './access-roles.ts';
import { ticketRoutes } from './access-ticket.ts';
import { tokenRoutes } from './access-tokens.ts';
import { userRoutes } from './access-users.ts';
import { aplinfoRoutes } from './aplinfo.ts';
import type { Routes } from './call.ts';
import { clusterRoutes } from './cluster.ts';
import { clusterInfoRoutes } from './cluster-info.ts';
import { firewallRoutes } from './firewall.ts';
import { haRoutes } from './ha.ts';
import { haGroupRoutes } from './ha-groups.ts';
import { indexRoutes } from './indexes.ts';
import { lxcRoutes } from './lxc.ts';
import { lxcCloneRoutes } from './lxc-clone.ts';
import { lxcConfigRoutes } from './lxc-config.ts';
import { lxcCreateRoutes } from './lxc-create.ts';
import { lxcDestroyRoutes } from './lxc-destroy.ts';
import { lxcFeatureRoutes } from './lxc-feature.ts';
import { lxcMigrateRoutes } from './lxc-migrate.ts';
import { lxcMoveVolumeRoutes } from './lxc-move-volume.ts';
import { lxcPowerRoutes } from './lxc-power.ts';
import { lxcResizeRoutes } from './lxc-resize.ts';
import { lxcSnapshotRoutes } from './lxc-snapshot.ts';
import { lxcTemplateRoutes } from './lxc-template.ts';
import { nodeHostRoutes } from './node-host.ts';
import { nodeLookRoutes } from './node-look.ts';
import { nodeStorageRoutes } from './node-storage.ts';
import { nodeRoutes } from './nodes.ts';
import { notOfferedRoutes } from './not-offered.ts';
import { poolRoutes } from './pools.ts';
import { qemuRoutes } from './qemu.ts';
import { rrdRoutes } from './rrddata.ts';
import { storageRoutes } from './storage.ts';
import { storageContentRoutes } from './storage-content.ts';
import { storageFileRoutes } from './storage-files.ts';
import { taskRoutes } from './tasks.ts';
import { versionRoutes } from './version.ts';
import { vzdumpRoutes } from './vzdump.ts';

/** Every covered call. */
export const ROUTES: Routes = {
  ...indexRoutes,
  ...clusterInfoRoutes,
  ...haGroupRoutes,
  ...nodeHostRoutes,
  ...nodeLookRoutes,
  ...rrdRoutes,
  ...versionRoutes,
  ...ticketRoutes,
  ...permissionRoutes,
  ...domainRoutes,
  ...groupRoutes,
  ...userRoutes,
  ...tokenRoutes,
  ...aclRoutes,
  ...roleRoutes,
  ...clusterRoutes,
  ...nodeRoutes,
  ...nodeStorageRoutes,
  ...storageRoutes,
  ...aplinfoRoutes,
  ...taskRoutes,
  ...lxcRoutes,
  ...lxcConfigRoutes,
  ...lxcCreateRoutes,
  ...lxcPowerRoutes,
  ...lxcDestroyRoutes,
  ...lxcResizeRoutes,
  ...lxcFeatureRoutes,
  ...lxcSnapshotRoutes,
  ...lxcCloneRoutes,
  ...lxcTemplateRoutes,
  ...lxcMigrateRoutes,
  ...lxcMoveVolumeRoutes,
  ...qemuRoutes,
  ...vzdumpRoutes,
  ...poolRoutes,
  ...storageContentRoutes,
  ...storageFileRoutes,
  ...firewallRoutes,
  ...haRoutes,
  ...notOfferedRoutes,
};
