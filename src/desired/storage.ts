import type { Definition, DeviceSource, MountSource, Written } from '../model/definition.ts';
import type { Device, Mount, Volume } from '../model/desired.ts';
import type { Problem } from '../model/errors.ts';
import { partOf, problemAt } from './problems.ts';

/** Where plan mounts the site's share. */
const SHARE_PATH = '/share';

/** Their names and volids stand in the owner mark, which has 3 KiB. */
const MOST_VOLUMES = 16;

/** What a definition mounts: volumes, directories of the node, devices. Each path once. */
export interface Mounted {
  readonly volumes: readonly Volume[];
  readonly deletedVolumes: readonly string[];
  readonly mounts: readonly Mount[];
  readonly devices: readonly Device[];
}

/** A path that is used, and where that was written. */
interface Use {
  readonly path: string;
  readonly written: Written<unknown>;
  readonly what: string;
}

export function mountedOf(definition: Definition, storage: string, problems: Problem[]): Mounted {
  const { mounts, devices, volumes } = definition;
  const sources = mounts?.value ?? [];
  const folded = [...sources.filter(isDevice), ...(devices?.value ?? [])];
  const named = Object.entries(volumes?.value ?? {});
  const kept = named.flatMap(([name, volume]): Volume[] => {
    if (volume.kind === 'delete') return [];
    const { kind: _, path, backup = true, readOnly = false, options = [], ...rest } = volume;
    return [{ storage, ...rest, name, path, backup, readOnly, options: options.toSorted() }];
  });
  const uses: Use[] = [
    ...(mounts === undefined ? [] : sources.map((source) => use(mounts, pathOf(source), 'mounts'))),
    ...(devices === undefined ? [] : devices.value.map(({ path }) => use(devices, path, 'names'))),
    ...(volumes === undefined
      ? []
      : kept.map(({ name, path }) => use(partOf(volumes, [name, 'path'], path), path, 'mounts'))),
  ];
  for (const [index, { path, written, what }] of uses.entries()) {
    const first = uses.find((other) => other.path === path);
    if (first === undefined || first === uses[index]) continue;
    const said = first.written === written ? `${path} twice` : `${path}, as ${first.written.key} does`;
    problems.push(problemAt(written, `${what} ${said}`, 'give each its own path'));
  }
  if (volumes !== undefined && kept.length > MOST_VOLUMES)
    problems.push(problemAt(volumes, `has ${kept.length} volumes`, `at most ${MOST_VOLUMES}`));
  return {
    volumes: kept,
    deletedVolumes: named.flatMap(([name, volume]) => (volume.kind === 'delete' ? [name] : [])),
    mounts: sources.filter((source): source is Mount => !isDevice(source)),
    devices: folded.map(({ kind: _, ...device }) => device),
  };
}

function use(written: Written<unknown>, path: string, what: string): Use {
  return { written, path: path.replace(/(?<=.)\/+$/, ''), what };
}

function isDevice(source: MountSource): source is DeviceSource {
  return source.kind === 'device';
}

function pathOf(source: MountSource): string {
  return source.kind === 'share' ? SHARE_PATH : source.path;
}
