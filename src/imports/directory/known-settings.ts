/** What the settings of such directories are called, in upper case and without `OPT_`, → what we call them. */
export const KNOWN_SETTINGS = {
  CTID: 'vmid',
  VMID: 'vmid',
  HOST: 'hostname',
  HOSTNAME: 'hostname',
  OSTYPE: 'os',
  OSVERSION: 'release',
  TEMPLATE: 'template',
  OSTEMPLATE: 'template',
  CORES: 'cores',
  RAM: 'memory',
  MEMORY: 'memory',
  SWAP: 'swap',
  DISK: 'disk',
  STORAGE: 'storage',
  BRIDGE: 'bridge',
  NET: 'ip',
  IP: 'ip',
  GATEWAY: 'gateway',
  GW: 'gateway',
  IP6: 'ip6',
  GATEWAY6: 'gateway6',
  DISABLEIP6: 'noIp6',
  VLAN: 'vlan',
  MACADDR: 'mac',
  MTU: 'mtu',
  DNS: 'nameserver',
  NAMESERVER: 'nameserver',
  DOMAIN: 'searchdomain',
  SEARCHDOMAIN: 'searchdomain',
  FEATURES: 'features',
  PRIVTYPE: 'unprivileged',
  UNPRIVILEGED: 'unprivileged',
  ONBOOT: 'boot',
  TAGS: 'tags',
  APP: 'description',
  PASSWORD: 'password',
  SSHKEYS: 'sshKeys',
  MAP: 'map',
  VERBOSE: 'option',
  REBUILD: 'option',
} as const satisfies Readonly<Record<string, string>>;

export type SettingName = (typeof KNOWN_SETTINGS)[keyof typeof KNOWN_SETTINGS];

/** A setting with the place where it stands. */
export interface Given {
  /** As written. */
  readonly name: string;
  readonly value: string;
  readonly file: string;
  readonly line: number;
  /** Of the file that git does not have: its value is never shown. */
  readonly hidden: boolean;
}

/** What a name means, when it is one that the script of this form goes by. */
export function settingOf(name: string): SettingName | undefined {
  const plain = name.replace(/^OPT_/, '');
  return Object.hasOwn(KNOWN_SETTINGS, plain) ? KNOWN_SETTINGS[plain as keyof typeof KNOWN_SETTINGS] : undefined;
}
