import type { Administration, Inspection } from '../../model/administration.ts';
import type { Backups, Clones, Placement, Snapshots, Surroundings, Volumes } from '../../model/container-ports.ts';
import type { Clock, Containers, Inventory, Marks } from '../../model/ports.ts';
import type { Connection } from '../../model/settings.ts';
import { readAddresses } from './addresses.ts';
import { administrationOf, type Send } from './administration.ts';
import type { Session } from './api.ts';
import { Authentication } from './authentication.ts';
import { protectBackup, readBackups, readNotes, removeBackup, takeBackup } from './backups.ts';
import { CloneQueue, makeTemplate } from './clones.ts';
import { readContainer } from './container-state.ts';
import { createContainer, downloadTemplate } from './create-container.ts';
import { destroyContainer } from './destroy-container.ts';
import { Engine } from './engine.ts';
import { freeVolume } from './free-volume.ts';
import { isVmidFree, nextVmid, readGuests } from './guests.ts';
import { trustedHosts } from './host-trust.ts';
import { inspectionOf } from './inspection.ts';
import { readNodes, readStorages } from './nodes.ts';
import { migrateContainer } from './placement.ts';
import { moveToPool } from './pools.ts';
import { rebootContainer, shutdownContainer, startContainer } from './power.ts';
import { readRawLines } from './raw-lines.ts';
import { resizeDisk } from './resize-disk.ts';
import { restoreBackup } from './restore-backup.ts';
import {
  canSnapshot,
  dropSnapshot,
  readSnapshotConfig,
  readSnapshots,
  rollbackContainer,
  takeSnapshot,
} from './snapshots.ts';
import { readStorageKinds } from './storage-kinds.ts';
import { readAcls, readBackupJobs, readFirewall, readHaResource, readPool } from './surroundings.ts';
import { readTaskLog, readTasks, settleKnownTask } from './tasks.ts';
import { readOfferedTemplates, readTemplates } from './templates.ts';
import { Transport } from './transport.ts';
import { updateContainer, writeDescription } from './update-container.ts';
import { detachVolume, moveVolume, readVolumes, reassignVolume } from './volumes.ts';

export interface ProxmoxOptions {
  readonly clock: Clock;
  /** Lines of the logs of tasks that are waited for, as they come. */
  readonly onLog?: (line: string) => void;
  /** One line per exchange: method, path, status, time. Never parameters or credentials. */
  readonly debug?: (line: string) => void;
  /** How long one exchange may take, for reads and for writes; each call's own deadline holds beside it. */
  readonly readMs?: number;
  readonly writeMs?: number;
  /** How long a host may take until it has shown its certificate. */
  readonly connectMs?: number;
}

export interface ProxmoxPorts {
  readonly inventory: Inventory;
  readonly containers: Containers;
  readonly marks: Marks;
  readonly inspection: Inspection;
  readonly administration: Administration;
  readonly snapshots: Snapshots;
  readonly clones: Clones;
  readonly volumes: Volumes;
  readonly backups: Backups;
  readonly placement: Placement;
  readonly surroundings: Surroundings;
  close(): Promise<void>;
}

/**
 * The ports of a Proxmox VE API. Sends nothing before the first call; every call throws GitopsError only. Throws kind
 * user at once for a host or a fingerprint that is none.
 */
export function connectProxmox(connection: Connection, options: ProxmoxOptions): ProxmoxPorts {
  const { clock, onLog, debug, readMs, writeMs, connectMs } = options;
  const transport = new Transport(trustedHosts(connection), {
    ...(debug === undefined ? {} : { debug }),
    ...(readMs === undefined ? {} : { readMs }),
    ...(writeMs === undefined ? {} : { writeMs }),
    ...(connectMs === undefined ? {} : { connectMs }),
  });
  const engine = new Engine(transport, new Authentication(connection, transport, clock), clock);
  const session: Session = {
    engine,
    clock,
    ...(onLog === undefined ? {} : { onLog }),
    ...(debug === undefined ? {} : { debug }),
    fingerprint: () => transport.fingerprint,
  };
  return {
    inventory: inventoryOf(session, () => transport.serverTime),
    containers: containersOf(session),
    marks: { write: (...given) => writeDescription(session, ...given) },
    ...aroundContainers(session),
    inspection: inspectionOf(session, connection),
    administration: administrationOf(sendOver(engine)),
    close: async () => transport.close(),
  };
}

function inventoryOf(session: Session, serverTime: () => Date | undefined): Inventory {
  return {
    guests: (call) => readGuests(session, call),
    container: (...given) => readContainer(session, ...given),
    vmidFree: (...given) => isVmidFree(session, ...given),
    nextVmid: (call) => nextVmid(session, call),
    nodes: (call) => readNodes(session, call),
    storages: (...given) => readStorages(session, ...given),
    templates: (...given) => readTemplates(session, ...given),
    offeredTemplates: (...given) => readOfferedTemplates(session, ...given),
    tasks: (...given) => readTasks(session, ...given),
    taskLog: (...given) => readTaskLog(session, ...given),
    addresses: (...given) => readAddresses(session, ...given),
    serverTime,
  };
}

function containersOf(session: Session): Containers {
  return {
    create: (...given) => createContainer(session, ...given),
    update: (...given) => updateContainer(session, ...given),
    resize: (...given) => resizeDisk(session, ...given),
    start: (...given) => startContainer(session, ...given),
    shutdown: (...given) => shutdownContainer(session, ...given),
    reboot: (...given) => rebootContainer(session, ...given),
    destroy: (...given) => destroyContainer(session, ...given),
    pool: (...given) => moveToPool(session, ...given),
    downloadTemplate: (...given) => downloadTemplate(session, ...given),
    settle: (...given) => settleKnownTask(session, ...given),
  };
}

function aroundContainers(
  session: Session,
): Pick<ProxmoxPorts, 'snapshots' | 'clones' | 'volumes' | 'backups' | 'placement' | 'surroundings'> {
  const queue = new CloneQueue(session);
  return {
    snapshots: {
      list: (...given) => readSnapshots(session, ...given),
      config: (...given) => readSnapshotConfig(session, ...given),
      possible: (...given) => canSnapshot(session, ...given),
      take: (...given) => takeSnapshot(session, ...given),
      rollback: (...given) => rollbackContainer(session, ...given),
      drop: (...given) => dropSnapshot(session, ...given),
    },
    clones: {
      clone: (...given) => queue.clone(...given),
      makeTemplate: (...given) => makeTemplate(session, ...given),
    },
    volumes: {
      list: (...given) => readVolumes(session, ...given),
      move: (...given) => moveVolume(session, ...given),
      reassign: (...given) => reassignVolume(session, ...given),
      detach: (...given) => detachVolume(session, ...given),
      free: (...given) => freeVolume(session, ...given),
    },
    backups: {
      list: (...given) => readBackups(session, ...given),
      notes: (...given) => readNotes(session, ...given),
      take: (...given) => takeBackup(session, ...given),
      restore: (...given) => restoreBackup(session, ...given),
      protect: (...given) => protectBackup(session, ...given),
      remove: (...given) => removeBackup(session, ...given),
    },
    placement: { migrate: (...given) => migrateContainer(session, ...given) },
    surroundings: {
      firewall: (...given) => readFirewall(session, ...given),
      highAvailability: (...given) => readHaResource(session, ...given),
      acls: (...given) => readAcls(session, ...given),
      pool: (...given) => readPool(session, ...given),
      rawLines: (...given) => readRawLines(session, ...given),
      backupJobs: (...given) => readBackupJobs(session, ...given),
      storageKinds: (...given) => readStorageKinds(session, ...given),
    },
  };
}

function sendOver(engine: Engine): Send {
  return (method, path, parameters, signal) => {
    const encoded = path.map((part) => encodeURIComponent(part)).join('/');
    return engine.call({ method, path: `/api2/json/${encoded}`, parameters, identity: 'default' }, signal);
  };
}
