import { readdir, rename, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Trees } from './trees.ts';

/** No volume's name begins with a dot. */
const DRAFT = '.new-';
const ASIDE = '.old-';

/** Where a tree is made before it takes its place. */
export function inTheMaking(place: string): string {
  return join(dirname(place), `${DRAFT}${basename(place)}`);
}

/** Where a tree waits for its end while another takes its place. */
export function setAside(place: string): string {
  return join(dirname(place), `${ASIDE}${basename(place)}`);
}

/** The snapshot that a backup reads; no other has its name. */
const BACKUP = /@vzdump$/;

/** What is to be done with the entries of a container's folder after a kill. */
export function leftovers(names: readonly string[]): {
  readonly remove: readonly string[];
  /** Trees that were set aside, and whose place is empty. */
  readonly putBack: readonly string[];
} {
  const drafts = names.filter((name) => name.startsWith(DRAFT) || BACKUP.test(name));
  const aside = names.filter((name) => name.startsWith(ASIDE));
  const putBack = aside.filter((name) => !names.includes(name.slice(ASIDE.length)));
  return { remove: [...drafts, ...aside.filter((name) => !putBack.includes(name))], putBack };
}

/** Takes away what a killed node left of copies, rollbacks and backups, in the folder of one storage. */
export async function removeLeftovers(trees: Trees, storage: string, log: (line: string) => void): Promise<void> {
  const folders = (await readdir(storage).catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const folder of folders.map((name) => join(storage, name))) {
    const { remove, putBack } = leftovers(await readdir(folder));
    for (const name of putBack) await rename(join(folder, name), join(folder, name.slice(ASIDE.length)));
    for (const name of remove) {
      log(`removing what was left of unfinished work: ${join(folder, name)}`);
      // one that resists must not keep the node from opening
      await trees.remove(join(folder, name)).catch((error: unknown) => log(String(error)));
    }
    await rmdir(folder).catch(() => undefined);
  }
}
