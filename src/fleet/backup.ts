import { call, DEADLINES } from '../apply/deadlines.ts';
import type { Holding } from '../apply/lease.ts';
import { GitopsError } from '../model/errors.ts';
import type { FleetReport } from '../model/fleet-report.ts';
import type { Ports } from '../model/ports.ts';
import type { Backup } from '../model/resources.ts';
import { type FleetOptions, forEach, liveContainers, OwnContainer } from './own.ts';

export interface BackupOptions extends FleetOptions {
  /** absent: the one of the container's node with the most room */
  readonly storage?: string;
  /** Backups of ours that stay, per container. */
  readonly keep: number;
}

/** Begins the line that makes a backup ours: whatever lacks it is never pruned. Ways back have another one. */
const LINE = 'pve-gitops-backup:1 ';

/** A vzdump of each container; of ours, those beyond `keep` go. */
export async function backUp(ports: Ports, options: BackupOptions): Promise<readonly FleetReport[]> {
  const { signal } = options;
  return forEach(await liveContainers(ports, options), ports, signal, (mark) => {
    const container = new OwnContainer(ports, mark, signal);
    return container.held(async (holding) => {
      const { vmid, node } = holding.state;
      const storage = options.storage ?? (await roomiest(ports, node, signal));
      // Where its storage can, a snapshot is what is backed up: the container goes on.
      const snapshots = await ports.snapshots.possible(node, vmid, call(DEADLINES.read, signal));
      const wish = { vmid, storage, mode: snapshots ? 'snapshot' : 'suspend', notes: notesOf(holding) } as const;
      const { backup } = await ports.backups.take(node, wish, call(DEADLINES.create, signal));
      const removed = await prune(ports, holding, storage, options, backup.volid);
      const details = [...leftOut(holding), ...removed.map((volid) => `removed ${volid}`)];
      return { state: 'ok', text: backup.volid, details };
    });
  });
}

function notesOf({ mark }: Holding): string {
  const { site, owner, name, stage, vmid, commit } = mark;
  const at = commit === undefined ? '' : ` at commit ${commit.slice(0, 12)}`;
  return `${owner}${at}, a backup of pve-gitops\n${LINE}${JSON.stringify({ site, owner, name, stage, vmid, commit })}`;
}

async function prune(
  ports: Ports,
  { state, mark }: Holding,
  storage: string,
  { keep, signal }: BackupOptions,
  newest: string,
): Promise<readonly string[]> {
  const { node, vmid } = state;
  const read = call(DEADLINES.read, signal);
  const own: Backup[] = [];
  for (const backup of await ports.backups.list(node, storage, vmid, read)) {
    if (!backup.protected && isOurs(await ports.backups.notes(node, backup.volid, read), mark)) own.push(backup);
  }
  const old = own.slice(0, Math.max(0, own.length - keep)).filter(({ volid }) => volid !== newest);
  for (const { volid } of old) await ports.backups.remove(node, vmid, volid, call(DEADLINES.power, signal));
  return old.map(({ volid }) => volid);
}

function isOurs(notes: string | undefined, mark: Holding['mark']): boolean {
  const line = notes?.split('\n').find((entry) => entry.startsWith(LINE));
  if (line === undefined) return false;
  try {
    const value = JSON.parse(line.slice(LINE.length)) as Partial<Record<'site' | 'owner' | 'name' | 'stage', unknown>>;
    return (['site', 'owner', 'name', 'stage'] as const).every((key) => value[key] === mark[key]);
  } catch {
    return false;
  }
}

/** What an archive does not hold, said so that nobody counts on it. */
function leftOut({ state }: Holding): readonly string[] {
  return Object.entries(state.config)
    .filter(([key, value]) => /^mp\d+$/.test(key) && (value.startsWith('/') || !/(?:^|,)backup=1(?:,|$)/.test(value)))
    .map(([key, value]) => `not in it: ${key} (${/mp=([^,]+)/.exec(value)?.[1] ?? value})`);
}

async function roomiest({ inventory }: Ports, node: string, signal: AbortSignal): Promise<string> {
  const storages = await inventory.storages(node, call(DEADLINES.read, signal));
  const fits = storages.filter(({ content, active, enabled }) => active && enabled && content.includes('backup'));
  const [best] = fits.toSorted((a, b) => b.available - a.available);
  if (best !== undefined) return best.storage;
  throw new GitopsError('user', `Unable to back up containers of node ${node}: no storage of it takes backups`, {
    advice: ['Datacenter → Storage: give one the content VZDump backup file'],
  });
}
