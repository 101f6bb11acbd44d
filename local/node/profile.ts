/** A storage as storage.cfg has it. */
export interface StorageConfig {
  readonly storage: string;
  readonly type: 'dir' | 'btrfs' | 'lvmthin';
  readonly content: readonly string[];
  /** dir, btrfs: what the API calls its path; the bytes lie in the state directory. */
  readonly path?: string;
  readonly vgname?: string;
  readonly thinpool?: string;
  readonly disable?: boolean;
  readonly shared?: boolean;
  /** Members of the cluster that have it; absent: all. */
  readonly nodes?: readonly string[];
}

export interface Bridge {
  readonly iface: string;
  /** CIDR */
  readonly address?: string;
}

/** A template that can be made: what aplinfo offers. */
export interface OfferedTemplate {
  readonly template: string;
  readonly package: string;
  readonly version: string;
  readonly os: string;
  readonly headline: string;
  readonly suite: string;
}

export type ProfileName = 'home' | 'recorded';

/** What a fresh node has. */
export interface Profile {
  readonly name: ProfileName;
  readonly node: string;
  /** The node's address as the cluster knows it. */
  readonly address: string;
  readonly storages: readonly StorageConfig[];
  readonly bridges: readonly Bridge[];
  readonly templates: readonly OfferedTemplate[];
  /** Volume size in bytes that a simulated storage has. */
  readonly simulatedCapacity: number;
}

const DEBIAN: readonly OfferedTemplate[] = [
  {
    template: 'debian-12-standard_12.12-1_amd64.tar.zst',
    package: 'debian-12-standard',
    version: '12.12-1',
    os: 'debian-12',
    headline: 'Debian 12 Bookworm (standard)',
    suite: 'bookworm',
  },
  {
    template: 'debian-13-standard_13.1-2_amd64.tar.zst',
    package: 'debian-13-standard',
    version: '13.1-2',
    os: 'debian-13',
    headline: 'Debian 13 Trixie (standard)',
    suite: 'trixie',
  },
];

const GIB = 1024 ** 3;

export const HOME: Profile = {
  name: 'home',
  node: 'pve',
  address: '127.0.0.1',
  storages: [
    { storage: 'local', type: 'dir', path: '/var/lib/vz', content: ['iso', 'vztmpl', 'backup', 'snippets'] },
    { storage: 'local-lvm', type: 'lvmthin', vgname: 'pve', thinpool: 'data', content: ['rootdir', 'images'] },
  ],
  bridges: [{ iface: 'vmbr0' }],
  templates: DEBIAN,
  simulatedCapacity: 100 * GIB,
};

/** The node of the recordings, as it was when they began. */
export const RECORDED: Profile = {
  name: 'recorded',
  node: 'pve',
  address: '10.88.0.1',
  storages: [
    {
      storage: 'local',
      type: 'dir',
      path: '/var/lib/vz',
      content: ['iso', 'vztmpl', 'backup', 'snippets', 'rootdir', 'images'],
    },
    { storage: 'local-btrfs', type: 'btrfs', path: '/var/lib/pve/local-btrfs', content: ['images', 'rootdir'] },
    { storage: 'dir2', type: 'dir', path: '/srv/dir2', content: ['rootdir', 'images', 'vztmpl'] },
  ],
  bridges: [{ iface: 'vmbr0', address: '10.88.0.1/24' }],
  templates: [],
  simulatedCapacity: 250 * GIB,
};

export function profileOf(name: ProfileName): Profile {
  return name === 'home' ? HOME : RECORDED;
}
