import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Control sockets live below such a directory: sun_path takes 104 bytes, of which ssh wants 17 for a temporary suffix. */
const LONGEST_PARENT = 40;

/** A new directory, mode 0700, with a short path of plain characters: it is named in the options of ssh. */
export async function makePrivateDirectory(): Promise<string> {
  const preferred = tmpdir();
  const plain = /^[\w./-]+$/.test(preferred) && preferred.length <= LONGEST_PARENT;
  return await mkdtemp(join(plain ? preferred : '/tmp', 'pve-gitops-'));
}

export async function removePrivateDirectory(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
