import type { Backups } from '../../model/container-ports.ts';
import type { Mark } from '../../model/mark.ts';
import type { Clock, Inventory } from '../../model/ports.ts';
import { ownerWords, parseReplaceBackup, REPLACE_WORDS, type ReplaceBackup } from '../../model/promotion.ts';
import { call, DEADLINES } from '../deadlines.ts';

export interface BackupSearch {
  readonly ports: { readonly inventory: Inventory; readonly backups: Backups; readonly clock: Clock };
  readonly node: string;
  readonly signal: AbortSignal;
}

export interface FoundBackup extends ReplaceBackup {
  readonly volid: string;
  readonly vmid: number;
  /** By somebody: it is theirs from then on. */
  readonly protected: boolean;
}

type Whose = Pick<Mark, 'site' | 'owner' | 'name' | 'stage'>;

/** Backups that replaces of a container have made, on every storage that takes backups; those of others have other words. */
export async function replaceBackups(
  { ports, node, signal }: BackupSearch,
  whose: Whose,
  of: readonly number[],
): Promise<readonly FoundBackup[]> {
  const words = ownerWords(whose);
  const read = call(DEADLINES.read, signal);
  const storages = (await ports.inventory.storages(node, read)).filter(
    ({ active, enabled, content }) => active && enabled && content.includes('backup'),
  );
  const found = storages.flatMap(({ storage }) =>
    of.map(async (vmid) => {
      const listed = await ports.backups.list(node, storage, vmid, read);
      const ours = listed.filter(({ notes }) => notes?.startsWith(REPLACE_WORDS) === true);
      return Promise.all(
        ours.map(async (backup) => {
          const parsed = parseReplaceBackup(await ports.backups.notes(node, backup.volid, read));
          return parsed?.of === words ? [{ ...parsed, volid: backup.volid, vmid, protected: backup.protected }] : [];
        }),
      );
    }),
  );
  return (await Promise.all(found)).flat(2);
}

/** What is left, and when the next of them is over. */
export interface Expired {
  readonly removed: readonly string[];
  readonly left: readonly string[];
  readonly until?: string;
}

/**
 * Removes what a container was before its replaces, once the days of that are over. Protected ones are somebody's. Only for one
 * in no replace: that one may still go back.
 */
export async function removeExpired(
  search: BackupSearch,
  { vmid, ...whose }: Whose & Pick<Mark, 'vmid'>,
): Promise<Expired> {
  const { ports, node, signal } = search;
  const now = serverNow(ports);
  const removed: string[] = [];
  const left: FoundBackup[] = [];
  for (const backup of await replaceBackups(search, whose, [vmid])) {
    if (backup.kind !== 'before' || backup.protected) continue;
    if (!(Date.parse(backup.expires) < now)) {
      left.push(backup);
      continue;
    }
    await ports.backups.remove(node, vmid, backup.volid, call(DEADLINES.power, signal));
    removed.push(backup.volid);
  }
  const [until] = left.map(({ expires }) => expires).toSorted();
  return { removed, left: left.map(({ volid }) => volid), ...(until === undefined ? {} : { until }) };
}

/** Whether the mark says that it is time to look. */
export function mayHaveExpired({ backupsUntil, promotion }: Mark, ports: BackupSearch['ports']): boolean {
  return promotion === undefined && backupsUntil !== undefined && Date.parse(backupsUntil) < serverNow(ports);
}

/** The mark after a look. */
export function withUntil({ backupsUntil: _, ...mark }: Mark, { until }: Expired): Mark {
  return until === undefined ? mark : { ...mark, backupsUntil: until };
}

function serverNow({ inventory, clock }: BackupSearch['ports']): number {
  return (inventory.serverTime() ?? clock.now()).getTime();
}
