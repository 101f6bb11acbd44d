import { describe, expect, it } from 'vitest';
import type { Desired } from '../../../src/model/desired.ts';
import { summaryOf } from '../../../src/report/desired.ts';

const DESIRED: Desired = {
  version: 1,
  name: 'apache',
  stage: 'main',
  owner: 'srv/apache',
  state: 'present',
  vmid: { kind: 'fixed', vmid: 1042, id: 42, base: 1000 },
  nodes: [],
  hostname: 'apache',
  template: { kind: 'newest', os: 'debian' },
  templateStorage: 'local',
  unprivileged: true,
  features: { nesting: true, keyctl: false, fuse: false, mknod: false, mount: [] },
  cores: 2,
  memory: 2048,
  swap: 512,
  rootfs: { storage: 'local-lvm', size: 8 },
  onboot: true,
  interfaces: [
    {
      index: 0,
      name: 'eth0',
      bridge: 'vmbr0',
      ipv4: { kind: 'static', address: '192.168.178.42', prefix: 24 },
      described: false,
      connected: true,
    },
  ],
  volumes: [],
  deletedVolumes: [],
  mounts: [],
  devices: [],
  depends: [],
  secrets: [],
  wayBack: 'auto',
  baseline: { timezone: 'Etc/UTC', locale: 'C.UTF-8', upgrade: false, sshKeys: [] },
  engine: 'shell',
  health: [],
};

const volume = (name: string) => ({
  name,
  path: `/srv/${name}`,
  storage: 'tank',
  size: 4,
  backup: true,
  readOnly: false,
  options: [],
});

describe('the line of a definition', () => {
  it('says where, how reached, how large and what configures it', () => {
    expect(summaryOf(DESIRED)).toBe(
      'apache, stage main: vmid 1042 (ID 42 + 1000), eth0 192.168.178.42/24 on vmbr0, 2 cores, 2048 MiB, local-lvm:8, engine shell',
    );
  });

  it.each<[Partial<Desired>, string]>([
    [{ vmid: { kind: 'lowest' } }, 'lowest free vmid, '],
    [{ vmid: { kind: 'fixed', vmid: 142 } }, 'vmid 142, '],
    [{ hostname: 'web' }, ', host name web, '],
    [{ cores: 1 }, ', 1 core, '],
    [{ state: 'absent' }, 'stage main, to be absent: '],
    [{ volumes: [volume('a')] }, ', 1 volume, '],
    [{ volumes: [volume('a'), volume('b')] }, ', 2 volumes, '],
    [{ depends: ['broker', 'srv/db'] }, ', after broker, srv/db, '],
    [{ engine: 'none' }, ', nothing configures it'],
  ])('%j', (change, text) => {
    expect(summaryOf({ ...DESIRED, ...change })).toContain(text);
  });

  it('says that all cores may be used', () => {
    const { cores: _, ...rest } = DESIRED;
    expect(summaryOf(rest)).toContain(', all cores, ');
  });

  it('names every interface with its VLAN and both addresses', () => {
    const more = { index: 1, name: 'lan1', bridge: 'vmbr1', described: true, connected: true } as const;
    const interfaces = [
      { ...more, ipv4: { kind: 'none' }, ipv6: { kind: 'static', address: 'fd00::1', prefix: 64 }, vlan: 20 },
      { ...more, name: 'lan2', ipv4: { kind: 'dhcp' }, ipv6: { kind: 'auto' } },
    ] as const;
    expect(summaryOf({ ...DESIRED, interfaces })).toContain(
      ', lan1 without IPv4 and fd00::1/64 on vmbr1 VLAN 20, lan2 dhcp and auto on vmbr1, ',
    );
  });
});
