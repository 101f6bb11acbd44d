import * as z from 'zod';
import type { Desired } from '../model/desired.ts';
import { GitopsError } from '../model/errors.ts';

/** Bytes; what a forge passes between steps without trouble. */
export const DESIRED_LIMIT = 64 * 1024;

const text = z.string();
const whole = z.int().min(0);
const portNumber = z.int().min(1).max(65535);
const prefix = z.int().min(0).max(32);

const mount = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('share') }),
  z.strictObject({ kind: z.literal('bind'), host: text, path: text }),
  z.strictObject({ kind: z.literal('device'), path: text }),
]);

const health = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('unit'), unit: text }),
  z.strictObject({ kind: z.literal('tcp'), port: portNumber }),
  z.strictObject({
    kind: z.literal('http'),
    url: text,
    status: whole.exactOptional(),
    contains: text.exactOptional(),
  }),
  z.strictObject({ kind: z.literal('command'), command: text }),
]);

const address = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('dhcp') }),
  z.strictObject({
    kind: z.literal('static'),
    address: text,
    prefix,
    gateway: text.exactOptional(),
    written: text.exactOptional(),
  }),
]);

/** Strict, because both ends are ours: an unknown key is another version's. */
const desired = z.strictObject({
  version: z.literal(1),
  name: text,
  stage: text,
  owner: text,
  commit: text.exactOptional(),
  state: z.enum(['present', 'absent']),
  vmid: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('lowest') }),
    z.strictObject({
      kind: z.literal('fixed'),
      vmid: z.int().min(100),
      id: whole.exactOptional(),
      base: whole.exactOptional(),
    }),
  ]),
  node: text.exactOptional(),
  hostname: text,
  template: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('newest'), os: text, release: text.exactOptional() }),
    z.strictObject({ kind: z.literal('volid'), volid: text }),
  ]),
  templateStorage: text,
  unprivileged: z.boolean(),
  features: z.strictObject({ nesting: z.boolean() }),
  cores: whole.exactOptional(),
  memory: whole,
  swap: whole,
  rootfs: z.strictObject({ storage: text, size: whole }),
  onboot: z.boolean(),
  interfaces: z.array(z.strictObject({ index: whole, name: text, bridge: text, ipv4: address })),
  nameserver: text.exactOptional(),
  searchdomain: text.exactOptional(),
  mounts: z.array(mount),
  baseline: z.strictObject({ timezone: text, locale: text, upgrade: z.boolean(), sshKeys: z.array(text) }),
  engine: z.enum(['cinc', 'ansible', 'shell', 'none']),
  health: z.array(health),
}) satisfies z.ZodType<Desired>;

/** One line of JSON. Throws kind user when it is longer than what may travel between actions. */
export function encodeDesired(value: Desired): string {
  const json = JSON.stringify(value);
  const bytes = Buffer.byteLength(json);
  if (bytes <= DESIRED_LIMIT) return json;
  throw new GitopsError(
    'user',
    `Unable to hand over the definition of ${value.owner}: ${bytes} bytes, at most ${DESIRED_LIMIT}`,
    { advice: ['shorten the health checks of the definition or the ssh_keys of the settings'] },
  );
}

const OUTPUT = 'hand over the output desired of container-init, unchanged; that step needs the id you name';
const SAME_VERSION = 'use the three actions from the same version of pve-gitops';

/** What encodeDesired wrote. Throws kind user when it is missing, damaged or of another version. */
export function decodeDesired(json: string): Desired {
  if (json.trim() === '') throw unreadable('it is empty', OUTPUT);
  const bytes = Buffer.byteLength(json);
  if (bytes > DESIRED_LIMIT) throw unreadable(`it has ${bytes} bytes, at most ${DESIRED_LIMIT}`, OUTPUT);
  const value = parse(json);
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  if (version === undefined) throw unreadable('its version is missing', OUTPUT);
  if (version !== 1) throw unreadable(`its version is ${JSON.stringify(version)}, expected 1`, SAME_VERSION);
  const result = desired.safeParse(value);
  if (result.success) return result.data;
  throw unreadable(z.prettifyError(result.error), SAME_VERSION);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw unreadable('it is not JSON', OUTPUT);
  }
}

function unreadable(reason: string, advice: string): GitopsError {
  return new GitopsError('user', `Unable to read the input desired: ${reason}`, { advice: [advice] });
}
