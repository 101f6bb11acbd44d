import * as z from 'zod';
import type { Desired } from '../model/desired.ts';
import { GitopsError } from '../model/errors.ts';

/** Forges and runners cut or refuse longer outputs. */
const LIMIT = 64 * 1024;

const text = z.string().max(4096);

const health = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('unit'), unit: text }),
  z.object({ kind: z.literal('tcp'), port: z.int().min(1).max(65535) }),
  z.object({ kind: z.literal('http'), url: text, status: z.int().optional(), contains: text.optional() }),
  z.object({ kind: z.literal('command'), command: text }),
]);

const mount = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('share') }),
  z.object({ kind: z.literal('bind'), host: text, path: text }),
  z.object({ kind: z.literal('device'), path: text }),
]);

const address = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('dhcp') }),
  z.object({
    kind: z.literal('static'),
    address: text,
    prefix: z.int().min(0).max(32),
    gateway: text.optional(),
    written: text.optional(),
  }),
]);

const desired = z.object({
  version: z.literal(1),
  name: text,
  stage: text,
  owner: text,
  commit: text.optional(),
  state: z.enum(['present', 'absent']),
  vmid: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('lowest') }),
    z.object({ kind: z.literal('fixed'), vmid: z.int().min(100), id: z.int().optional(), base: z.int().optional() }),
  ]),
  node: text.optional(),
  hostname: text,
  template: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('newest'), os: text, release: text.optional() }),
    z.object({ kind: z.literal('volid'), volid: text }),
  ]),
  templateStorage: text,
  unprivileged: z.boolean(),
  features: z.object({ nesting: z.boolean() }),
  cores: z.int().optional(),
  memory: z.int(),
  swap: z.int(),
  rootfs: z.object({ storage: text, size: z.number() }),
  onboot: z.boolean(),
  interfaces: z.array(z.object({ index: z.int(), name: text, bridge: text, ipv4: address })).max(32),
  nameserver: text.optional(),
  searchdomain: text.optional(),
  mounts: z.array(mount).max(256),
  baseline: z.object({ timezone: text, locale: text, upgrade: z.boolean(), sshKeys: z.array(text).max(256) }),
  engine: z.enum(['cinc', 'ansible', 'shell', 'none']),
  health: z.array(health).max(100),
});

/** What travels between the actions. Holds names of secrets at most, never one, and no file contents. */
export function encodeDesired(value: Desired): string {
  const json = JSON.stringify(value);
  const bytes = Buffer.byteLength(json);
  if (bytes > LIMIT) {
    throw new GitopsError(
      'user',
      `Unable to hand over the definition of ${value.name}: ${bytes} bytes, at most ${LIMIT}`,
    );
  }
  return json;
}

/** Throws kind user for anything that an action of this version has not written. */
export function decodeDesired(json: string): Desired {
  const advice = ['hand over the output desired of container-init, from the same version of the actions'];
  const refuse = (reason: string, cause?: unknown) =>
    new GitopsError('user', `Unable to read the input desired: ${reason}`, { advice, cause });
  if (json === '') throw refuse('it is empty');
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw refuse('it is not JSON', cause);
  }
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  if (version !== 1) throw refuse(`its version is ${JSON.stringify(version) ?? 'missing'}, expected 1`);
  const parsed = desired.safeParse(value);
  if (!parsed.success) throw refuse(z.prettifyError(parsed.error));
  // zod gives optional keys the type `T | undefined`; an absent key stays absent.
  return parsed.data as Desired;
}
