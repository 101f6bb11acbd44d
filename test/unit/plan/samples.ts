import type { Desired } from '../../../src/model/desired.ts';
import { formatDescription, type Mark } from '../../../src/model/mark.ts';
import type { ContainerState } from '../../../src/model/observed.ts';
import type { Room } from '../../../src/model/relocation.ts';

export const DEBIAN_12 = 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst';
export const DEBIAN_13 = 'local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst';

export function desired(changes: Partial<Desired> = {}): Desired {
  return {
    version: 1,
    name: 'apache',
    stage: 'main',
    owner: 'srv/apache',
    commit: 'c0ffee'.padEnd(40, '0'),
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
        ipv4: { kind: 'static', address: '192.168.178.42', prefix: 24, gateway: '192.168.178.1' },
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
    baseline: { timezone: 'UTC', locale: 'C.UTF-8', upgrade: false, sshKeys: [] },
    engine: 'shell',
    health: [],
    ...changes,
  };
}

export function mark(changes: Partial<Mark> = {}): Mark {
  return {
    site: 'home',
    owner: 'srv/apache',
    name: 'apache',
    stage: 'main',
    vmid: 1042,
    role: 'live',
    template: DEBIAN_12,
    applied: { baseline: 'b1', configuration: 'c1' },
    hostKeys: ['SHA256:abc'],
    ...changes,
  };
}

/** What Proxmox VE shows of a container made from `desired()`: values normalised, keys of its own added. */
export function container(
  config: Record<string, string | undefined> = {},
  changes: Partial<ContainerState> = {},
): ContainerState {
  const all: Record<string, string | undefined> = {
    arch: 'amd64',
    cores: '2',
    description: formatDescription('', mark()),
    features: 'nesting=1',
    hostname: 'apache',
    memory: '2048',
    net0: 'name=eth0,bridge=vmbr0,gw=192.168.178.1,hwaddr=BC:24:11:00:00:01,ip=192.168.178.42/24,type=veth',
    onboot: '1',
    ostype: 'debian',
    rootfs: 'local-lvm:vm-1042-disk-0,size=8G',
    swap: '512',
    tags: 'pve-gitops',
    unprivileged: '1',
    ...config,
  };
  const present = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    vmid: 1042,
    node: 'pve',
    running: true,
    config: Object.fromEntries(present),
    pending: {},
    digest: 'd1',
    ...changes,
  };
}

/** A storage with room for everything. */
export function room(storage: string, changes: Partial<Room> = {}): Room {
  return {
    storage,
    type: 'lvmthin',
    active: true,
    enabled: true,
    available: 100 * 1024 ** 3,
    content: ['images', 'rootdir'],
    snapshots: true,
    shared: false,
    ...changes,
  };
}
