import * as z from 'zod';
import type { DeviceSource, MountSource } from '../model/definition.ts';
import { field } from './field.ts';
import { CONTAINER_PATH, DEVICE, HOST_PATH, MOUNT } from './forms.ts';
import { asList, flagOf, given, listOf, optional, yesNo } from './schemas.ts';

const host = {
  schema: z.string().regex(HOST_PATH),
  form: 'a path of the node, such as /mnt/data',
  default: 'must be there',
  effect: 'restart',
  description: 'Directory of the node',
} as const;

const path = {
  schema: z.string().regex(CONTAINER_PATH),
  form: 'a path within the container, such as /srv/data, not below /proc, /sys, /dev or /run',
  default: 'must be there',
  effect: 'restart',
  description: 'Where the container sees it',
} as const;

const parts = {
  read_only: {
    schema: yesNo,
    form: 'yes or no',
    default: 'no',
    effect: 'restart',
    description: 'The container cannot write to it',
  },
} as const;

/** Proxmox VE counts from mp0 to mp255. An empty list in an overlay takes those of the file below it away. */
const MOUNT_POINTS = 256;

const text = z.string().regex(MOUNT);
const bind = z.strictObject({ host: host.schema, path: path.schema, ...optional(parts) });
const one = z.union([text, bind]);
type Written = z.infer<typeof one>;

export const mounts = field({
  env: 'MOUNT',
  yaml: 'mount',
  schema: z.union([text, bind, z.array(one).max(MOUNT_POINTS)]),
  convert: (written): readonly MountSource[] => listOf<Written>(written).map(mountOf),
  fromText: asList,
  shape: { kind: 'list', parts: { host, path, ...parts }, item: 'share, /host/path:/path, /dev/… or {host, path}' },
  form: 'share, /host/path:/path or /dev/…, by comma',
  default: 'none',
  effect: 'restart',
  description: 'The site’s share, seen as /share; directories and devices of the node',
});

function mountOf(written: Written): MountSource {
  if (typeof written === 'string') return mountSource(written);
  return { kind: 'bind', host: written.host, path: written.path, ...given({ readOnly: flagOf(written.read_only) }) };
}

function mountSource(text: string): MountSource {
  if (text === 'share') return { kind: 'share' };
  if (DEVICE.test(text)) return deviceAt(text);
  const [from = '', to = ''] = text.split(':');
  return { kind: 'bind', host: from, path: to };
}

export function deviceAt(path: string): DeviceSource {
  return { kind: 'device', path };
}
