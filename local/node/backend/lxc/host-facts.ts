import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { detectCgroups } from './cgroups.ts';
import type { HostChanger } from './host-changer.ts';
import type { IdRange } from './id-range.ts';
import { chooseIdRange, grantsRange, subordinateLine } from './id-range.ts';
import type { HostFacts } from './lxc-config.ts';

const SUBUID = '/etc/subuid';
const SUBGID = '/etc/subgid';
const PIECES = '/usr/share/lxc/config';

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

function existing(path: string): string | undefined {
  return existsSync(path) ? path : undefined;
}

export async function readHostFacts(range: IdRange, lxcfs: string | undefined): Promise<HostFacts> {
  const cgroups = detectCgroups();
  if (cgroups === undefined) throw new Error('no control groups are mounted under /sys/fs/cgroup');
  const common = existing(join(PIECES, 'common.conf'));
  const userns = existing(join(PIECES, 'userns.conf'));
  return {
    cgroups,
    cores: availableParallelism(),
    idRange: range,
    apparmor: (await textOf('/sys/module/apparmor/parameters/enabled')).trim() === 'Y',
    includes: { ...(common === undefined ? {} : { common }), ...(userns === undefined ? {} : { userns }) },
    ...(lxcfs === undefined ? {} : { lxcfs }),
  };
}
