import { readdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { detectCgroups } from './cgroups.ts';
import type { HostChanger } from './host-changer.ts';
import type { IdRange } from './id-range.ts';
import { chooseIdRange, grantsRange, subordinateLine } from './id-range.ts';
import type { HostFacts } from './lxc-config.ts';
import { PIECES } from './lxc-config.ts';
import { hasProgram } from './programs.ts';

const SUBUID = '/etc/subuid';
const SUBGID = '/etc/subgid';

async function textOf(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}

/**
 * The ids of this node's containers. Chosen once and kept: the files of its volumes belong to them. Root's right to
 * use them is written into /etc/subuid and /etc/subgid where it is missing.
 */
export async function openIdRange(changer: HostChanger, stateDirectory: string): Promise<IdRange> {
  const file = join(stateDirectory, 'id-range.json');
  const kept = await textOf(file);
  const range = kept === '' ? chooseIdRange(await textOf(SUBUID), await textOf(SUBGID)) : (JSON.parse(kept) as IdRange);
  if (kept === '') await writeFile(file, `${JSON.stringify(range)}\n`);
  for (const grants of [SUBUID, SUBGID]) {
    const line = subordinateLine(range);
    const text = await textOf(grants);
    if (!grantsRange(text, range) || text.split('\n').includes(line)) await changer.line(grants, line);
  }
  return range;
}

async function apparmor(): Promise<HostFacts['apparmor']> {
  if ((await textOf('/sys/module/apparmor/parameters/enabled')).trim() !== 'Y') return 'off';
  return hasProgram('apparmor_parser') ? 'generated' : 'unconfined';
}

export async function readHostFacts(range: IdRange, lxcfs: string | undefined): Promise<HostFacts> {
  const cgroups = detectCgroups();
  if (cgroups === undefined) throw new Error('no control groups are mounted under /sys/fs/cgroup');
  return {
    cgroups,
    cores: availableParallelism(),
    idRange: range,
    apparmor: await apparmor(),
    pieces: new Set(await readdir(PIECES).catch(() => [])),
    ...(lxcfs === undefined ? {} : { lxcfs }),
  };
}
