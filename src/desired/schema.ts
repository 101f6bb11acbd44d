import * as z from 'zod';
import type { Desired } from '../model/desired.ts';

const text = z.string();
const texts = z.array(text);
const whole = z.int().min(0);
const flag = z.boolean();
const vlan = z.int().min(1).max(4094);

const mount = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('share'), readOnly: flag.exactOptional() }),
  z.strictObject({ kind: z.literal('bind'), host: text, path: text, readOnly: flag.exactOptional() }),
]);

const device = z.strictObject({
  path: text,
  mode: text.exactOptional(),
  uid: whole.exactOptional(),
  gid: whole.exactOptional(),
  denyWrite: flag.exactOptional(),
});

const volume = z.strictObject({
  name: text,
  path: text,
  storage: text,
  size: z.int().min(1),
  backup: flag,
  readOnly: flag,
  options: texts,
  acl: flag.exactOptional(),
  quota: flag.exactOptional(),
  replicate: flag.exactOptional(),
});

const health = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('unit'), unit: text }),
  z.strictObject({ kind: z.literal('tcp'), port: z.int().min(1).max(65535) }),
  z.strictObject({
    kind: z.literal('http'),
    url: text,
    status: whole.exactOptional(),
    contains: text.exactOptional(),
  }),
  z.strictObject({ kind: z.literal('command'), command: text }),
]);

const ipv4 = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['dhcp', 'manual', 'none']) }),
  z.strictObject({
    kind: z.literal('static'),
    address: text,
    prefix: z.int().min(0).max(32),
    gateway: text.exactOptional(),
    written: text.exactOptional(),
  }),
]);

const ipv6 = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.enum(['dhcp', 'auto', 'manual']) }),
  z.strictObject({
    kind: z.literal('static'),
    address: text,
    prefix: z.int().min(0).max(128),
    gateway: text.exactOptional(),
  }),
]);

const networkInterface = z.strictObject({
  index: whole,
  name: text,
  bridge: text,
  ipv4,
  described: flag,
  ipv6: ipv6.exactOptional(),
  vlan: vlan.exactOptional(),
  trunks: z.array(vlan).exactOptional(),
  mac: text.exactOptional(),
  mtu: whole.exactOptional(),
  rate: z.number().min(0).exactOptional(),
  firewall: flag.exactOptional(),
  connected: flag,
});

/** Strict, because both ends are ours: an unknown key is another version's. */
export const desiredSchema = z.strictObject({
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
  nodes: texts,
  hostname: text,
  template: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('newest'), os: text, release: text.exactOptional() }),
    z.strictObject({ kind: z.literal('volid'), volid: text }),
  ]),
  templateStorage: text,
  unprivileged: flag,
  features: z.strictObject({ nesting: flag, keyctl: flag, fuse: flag, mknod: flag, mount: texts }),
  cores: whole.exactOptional(),
  cpuLimit: z.number().min(0).exactOptional(),
  cpuUnits: whole.exactOptional(),
  memory: whole,
  swap: whole,
  rootfs: z.strictObject({ storage: text, size: whole }),
  onboot: flag,
  interfaces: z.array(networkInterface),
  nameserver: text.exactOptional(),
  searchdomain: text.exactOptional(),
  volumes: z.array(volume),
  deletedVolumes: texts,
  mounts: z.array(mount),
  devices: z.array(device),
  share: z
    .strictObject({
      from: z.union([z.strictObject({ host: text }), z.strictObject({ container: text })]),
      name: text,
      readOnly: flag,
    })
    .exactOptional(),
  pool: text.exactOptional(),
  tags: texts.exactOptional(),
  description: text.exactOptional(),
  protection: flag.exactOptional(),
  startup: z
    .strictObject({ order: whole.exactOptional(), up: whole.exactOptional(), down: whole.exactOptional() })
    .exactOptional(),
  depends: texts,
  secrets: texts,
  wayBack: z.enum(['auto', 'snapshot', 'backup', 'none']),
  dropSnapshots: texts.exactOptional(),
  baseline: z.strictObject({ timezone: text, locale: text, upgrade: flag, sshKeys: texts }),
  engine: z.enum(['cinc', 'ansible', 'shell', 'none']),
  health: z.array(health),
}) satisfies z.ZodType<Desired>;
