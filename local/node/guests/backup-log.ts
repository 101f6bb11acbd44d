import type { Core } from '../core.ts';
import type { Values } from './config.ts';
import { isMountKey } from './mount-point.ts';

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026_11_21-08_43_34` and `2026-11-21 08:43:34`, in the node's time zone. */
export function timestamps(now: Date): { readonly file: string; readonly log: string } {
  const date = [String(now.getFullYear()), two(now.getMonth() + 1), two(now.getDate())];
  const time = [two(now.getHours()), two(now.getMinutes()), two(now.getSeconds())];
  return { file: `${date.join('_')}-${time.join('_')}`, log: `${date.join('-')} ${time.join(':')}` };
}

/** Seconds as `00:01:07`. */
export function duration(seconds: number): string {
  return [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => two(Math.floor(part))).join(':');
}

/** `94MB`, `1.50GB`. */
export function archiveSize(bytes: number): string {
  const mebibytes = bytes / 1024 ** 2;
  return mebibytes < 1024 ? `${Math.floor(mebibytes)}MB` : `${(mebibytes / 1024).toFixed(2)}GB`;
}

/** Which mount points go in, and why the others do not (rows 1030 and 1250). */
export function mountLines(core: Core, values: Values): readonly string[] {
  return Object.keys(values)
    .filter(isMountKey)
    .sort((a, b) => (a === 'rootfs' ? -1 : b === 'rootfs' ? 1 : a < b ? -1 : 1))
    .map((key) => {
      const { type, mp, options } = core.mountPoints.parse(key, values[key]);
      const path = key === 'rootfs' ? '/' : (mp ?? '');
      if (key === 'rootfs' || (type === 'volume' && options.backup === '1')) {
        return `including mount point ${key} ('${path}') in backup`;
      }
      const reason = type === 'volume' ? 'disabled' : 'not a volume';
      return `excluding ${type} mount point ${key} ('${path}') from backup (${reason})`;
    });
}
