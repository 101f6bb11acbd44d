import type { EngineName, Written } from '../model/definition.ts';
import type { Problem } from '../model/errors.ts';
import { engineFiles, hasEngine } from './files.ts';
import type { Merged } from './merge.ts';

/** Where the site's share is seen. */
const SHARE_PATH = '/share';

/** What single values cannot say of each other, after overlays. `names`: the directory's listing. */
export function conflictsOf(merged: Merged, names: readonly string[]): Problem[] {
  return [
    ...engineProblems(merged, names),
    ...gateway6Problems(merged),
    ...pathProblems(merged),
    ...deviceProblems(merged),
  ];
}

function engineProblems({ engineChoice }: Merged, names: readonly string[]): Problem[] {
  if (engineChoice === undefined || engineChoice.value === 'auto' || engineChoice.value === 'none') return [];
  const engine: Exclude<EngineName, 'none'> = engineChoice.value;
  if (hasEngine(engine, names)) return [];
  const files = engineFiles(engine).join(' or ');
  return [problem(engineChoice, undefined, `${engine} needs ${files}, which is not here`, 'add it, or write auto')];
}

function gateway6Problems({ ip6, gateway6 }: Merged): Problem[] {
  if (gateway6 === undefined || ip6?.value.includes(':') === true) return [];
  const message = ip6 === undefined ? 'has no use without an IPv6 address' : `has no use with ip6 ${ip6.value}`;
  return [problem(gateway6, undefined, message, 'write an IPv6 address too, or remove the line')];
}

/** A path that a volume has and a mount too. */
function pathProblems({ volumes, mounts }: Merged): Problem[] {
  if (volumes === undefined || mounts === undefined) return [];
  const mounted = new Set(
    mounts.value.flatMap((mount) =>
      mount.kind === 'share' ? SHARE_PATH : mount.kind === 'bind' ? plainPath(mount.path) : [],
    ),
  );
  return Object.entries(volumes.value).flatMap(([name, volume]) =>
    volume.kind === 'keep' && mounted.has(volume.path)
      ? [
          problem(
            volumes,
            `${name}.path`,
            `${volume.path} is what ${mounts.key} of ${mounts.file}:${mounts.line} has too`,
            'give each its own path',
          ),
        ]
      : [],
  );
}

/** A device that both `devices` and `mount` name. */
function deviceProblems({ devices, mounts }: Merged): Problem[] {
  if (devices === undefined || mounts === undefined) return [];
  const mounted = new Set(mounts.value.flatMap((mount) => (mount.kind === 'device' ? mount.path : [])));
  return devices.value.flatMap(({ path }, index) =>
    mounted.has(path)
      ? [
          problem(
            devices,
            String(index),
            `${path} is in ${mounts.key} of ${mounts.file}:${mounts.line} too`,
            'keep one of them',
          ),
        ]
      : [],
  );
}

/** Slashes that mean nothing are gone. */
function plainPath(path: string): string {
  return path.replaceAll(/\/(?:\.?\/)+/g, '/').replace(/\/\.?$/, '');
}

function problem(written: Written<unknown>, way: string | undefined, message: string, fix: string): Problem {
  const { file, key, lines } = written;
  const line = way === undefined ? written.line : (lines?.[way] ?? written.line);
  return { file, line, key: way === undefined ? key : keyOf(key, way), message, fix };
}

function keyOf(key: string, way: string): string {
  return /^\d+$/.test(way) ? `${key}[${way}]` : `${key}.${way}`;
}
