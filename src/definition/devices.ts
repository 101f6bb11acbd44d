import * as z from 'zod';
import type { DeviceSource } from '../model/definition.ts';
import { field } from './field.ts';
import { DEVICE, DEVICE_MODE } from './forms.ts';
import { modeHint } from './hints.ts';
import { deviceAt } from './mounts.ts';
import { flagOf, given, listOf, optional, twice, whole, yesNo } from './schemas.ts';

const path = {
  schema: z.string().regex(DEVICE),
  form: 'a path below /dev, such as /dev/ttyUSB0',
  default: 'must be there',
  effect: 'restart',
  description: 'Device of the node; the container sees it under the same path',
} as const;

const owner = { schema: whole(0, 4_294_967_294), form: 'a number from 0', default: '0', effect: 'restart' } as const;

const parts = {
  mode: {
    schema: z.string().regex(DEVICE_MODE),
    form: 'four octal digits in quotes, such as "0660"',
    hint: modeHint,
    default: '"0660"',
    effect: 'restart',
    description: 'Access mode',
  },
  uid: { ...owner, description: 'Its owner, as the container counts users' },
  gid: { ...owner, description: 'Its group, as the container counts groups' },
  deny_write: {
    schema: yesNo,
    form: 'yes or no',
    default: 'no',
    effect: 'restart',
    description: 'The container cannot write to it',
  },
} as const;

/** Proxmox VE counts from dev0 to dev255. */
const DEVICES = 256;

const full = z.strictObject({ path: path.schema, ...optional(parts) });
const one = z.union([path.schema, full]);
type Written = z.infer<typeof one>;

export const devices = field({
  yaml: 'devices',
  schema: z.union([path.schema, z.array(one).max(DEVICES)]),
  convert: (written): readonly DeviceSource[] => listOf<Written>(written).map(deviceOf),
  conflicts: (written) =>
    twice(listOf<Written>(written), (device) => (typeof device === 'string' ? device : device.path)),
  shape: { kind: 'list', parts: { path, ...parts }, item: '/dev/… or {path, mode, uid, gid, deny_write}' },
  form: 'a list of /dev/… or {path, mode, uid, gid, deny_write}',
  default: 'none',
  effect: 'restart',
  description: 'Devices of the node; needs root@pam',
});

function deviceOf(written: Written): DeviceSource {
  if (typeof written === 'string') return deviceAt(written);
  const { path: at, mode, uid, gid, deny_write } = written;
  return { ...deviceAt(at), ...given({ mode, uid, gid, denyWrite: flagOf(deny_write) }) };
}
