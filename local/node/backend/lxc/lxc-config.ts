import type { ContainerSpec, MountPoint, NetworkInterface } from '../backend.ts';
import type { Cgroups } from './cgroups.ts';
import { limitKeys } from './cgroups.ts';
import type { IdRange } from './id-range.ts';
import { hostInterface } from './interface-names.ts';

/** What the machine offers; found once, when the back end opens. */
export interface HostFacts {
  readonly cgroups: Cgroups;
  readonly cores: number;
  readonly idRange: IdRange;
  /** `unconfined`: AppArmor is on, but nothing here can load a profile for a container. */
  readonly apparmor: 'off' | 'generated' | 'unconfined';
  /** Configuration pieces that lxc brings along: names of files below `PIECES`. */
  readonly pieces: ReadonlySet<string>;
  /** Where an lxcfs of ours is mounted; undefined: none, or the distribution's own mounts itself. */
  readonly lxcfs?: string;
}

export interface ConfigInput {
  readonly spec: ContainerSpec;
  readonly host: HostFacts;
  /** Where the root file system is on the host. */
  readonly rootfs: string;
  /** The bridge of the host behind the API's name. */
  readonly bridgeOf: (bridge: string) => string;
  /** The host's path of a mount point's source. */
  readonly sourceOf: (mount: MountPoint) => string;
  /** A name for host-wide things of this node's containers. */
  readonly group: string;
  readonly seccomp?: string;
  /** A directory of the host whose later mounts show inside; for mount points added while running. */
  readonly hotplug: string;
  /** Device node of the host that it sees as /dev/fuse; undefined: it has none. lxc's own AppArmor profile lets it mount with it. */
  readonly fuse?: string;
}

/** Inside, the place where mounts appear that are added while the container runs. */
export const HOTPLUG_TARGET = '/dev/.pve-gitops';

export const PIECES = '/usr/share/lxc/config';

/** systemd shuts down on this signal; these have another init, and lxc's default fits. */
const OTHER_INIT = new Set(['alpine', 'devuan', 'gentoo']);

/** The distribution's piece for a container's system, else the common one. */
function includes(spec: ContainerSpec, pieces: ReadonlySet<string>): readonly string[] {
  return ['common', ...(spec.unprivileged ? ['userns'] : [])].flatMap((kind) => {
    const name = [`${spec.ostype}.${kind}.conf`, `${kind}.conf`].find((candidate) => pieces.has(candidate));
    return name === undefined ? [] : [`lxc.include = ${PIECES}/${name}`];
  });
}

/** lxc's configuration of one container. Later lines win over the distribution's pieces. */
export function lxcConfig(input: ConfigInput): string {
  const { spec, host } = input;
  const prefix = host.cgroups.version === 2 ? 'lxc.cgroup2' : 'lxc.cgroup';
  const lines = [
    ...includes(spec, host.pieces),
    `lxc.arch = ${spec.arch}`,
    `lxc.uts.name = ${spec.hostname}`,
    `lxc.rootfs.path = dir:${input.rootfs}`,
    'lxc.tty.max = 2',
    ...(OTHER_INIT.has(spec.ostype) ? [] : ['lxc.signal.halt = SIGRTMIN+3']),
    // The limits sit one level above what the container can write to.
    `lxc.cgroup.dir.monitor = lxc.monitor/${input.group}/${spec.vmid}`,
    `lxc.cgroup.dir.container = lxc/${input.group}/${spec.vmid}`,
    'lxc.cgroup.dir.container.inner = ns',
    ...(spec.unprivileged ? idMap(host.idRange) : []),
    ...(host.apparmor === 'off' ? [] : [`lxc.apparmor.profile = ${host.apparmor}`]),
    ...(host.apparmor === 'generated' && nests(spec) ? ['lxc.apparmor.allow_nesting = 1'] : []),
    ...(input.seccomp === undefined ? [] : [`lxc.seccomp.profile = ${input.seccomp}`]),
    ...mountAuto(spec, host, input.hotplug),
    ...limitKeys(spec, spec.vmid, host.cgroups, host.cores).map(({ key, value }) => `${prefix}.${key} = ${value}`),
    ...spec.interfaces.flatMap((iface) => networkLines(iface, spec.vmid, input.bridgeOf(iface.bridge))),
    ...spec.mounts.map((mount) => mountLine(mount, input.sourceOf(mount))),
    ...(input.fuse === undefined
      ? []
      : [`lxc.mount.entry = ${escapeField(input.fuse)} dev/fuse none bind,create=file 0 0`]),
    ...(host.lxcfs === undefined ? [] : lxcfsLines(host.lxcfs)),
  ];
  // Values were checked by who took them; a line end in one would be a line of lxc's configuration, run as root.
  const broken = lines.find((line) => /[\r\n\0]/.test(line));
  if (broken !== undefined) throw new Error(`a value of container ${spec.vmid} has more than one line`);
  return `${lines.join('\n')}\n`;
}

export function nests(spec: ContainerSpec): boolean {
  return spec.features.nesting === '1';
}

function idMap(range: IdRange): readonly string[] {
  return [`lxc.idmap = u 0 ${range.start} ${range.count}`, `lxc.idmap = g 0 ${range.start} ${range.count}`];
}

function mountAuto(spec: ContainerSpec, host: HostFacts, hotplug: string): readonly string[] {
  const hot = `lxc.mount.entry = ${hotplug} ${HOTPLUG_TARGET.slice(1)} none bind,create=dir 0 0`;
  const cgroup = nests(spec) && host.cgroups.version === 1 ? 'cgroup:rw:force' : 'cgroup:mixed';
  if (!spec.unprivileged) return [`lxc.mount.auto = ${cgroup} proc:mixed sys:mixed`, hot];
  const nesting = [
    // The kernel lets a user namespace mount proc and sysfs afresh only while it sees whole ones of them.
    'lxc.mount.entry = proc dev/.lxc/proc proc create=dir,optional 0 0',
    'lxc.mount.entry = sys dev/.lxc/sys sysfs create=dir,optional 0 0',
  ];
  return [`lxc.mount.auto = ${cgroup} proc:rw sys:rw`, hot, ...(nests(spec) ? nesting : [])];
}

function networkLines(iface: NetworkInterface, vmid: number, bridge: string): readonly string[] {
  const key = `lxc.net.${iface.index}`;
  return [
    `${key}.type = veth`,
    `${key}.veth.pair = ${hostInterface(bridge, vmid, iface.index)}`,
    `${key}.link = ${bridge}`,
    `${key}.name = ${iface.name}`,
    `${key}.hwaddr = ${iface.hwaddr}`,
    ...(iface.linkDown ? [] : [`${key}.flags = up`]),
    ...(iface.mtu === undefined ? [] : [`${key}.mtu = ${iface.mtu}`]),
    ...(iface.tag === undefined ? [] : [`${key}.veth.vlan.id = ${iface.tag}`]),
  ];
}

/** lxc splits such a line at blanks and reads octal escapes in it, as in fstab. */
function escapeField(path: string): string {
  return path.replace(/[\s\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

function mountLine(mount: MountPoint, source: string): string {
  const options = ['bind', 'create=dir', ...(mount.readOnly ? ['ro'] : [])];
  return `lxc.mount.entry = ${escapeField(source)} ${escapeField(mount.path.replace(/^\/+/, ''))} none ${options.join(',')} 0 0`;
}

const LXCFS_FILES = ['cpuinfo', 'diskstats', 'meminfo', 'stat', 'swaps', 'uptime', 'loadavg', 'slabinfo'];

function lxcfsLines(root: string): readonly string[] {
  return [
    ...LXCFS_FILES.map((file) => `lxc.mount.entry = ${root}/proc/${file} proc/${file} none bind,optional 0 0`),
    `lxc.mount.entry = ${root}/sys/devices/system/cpu sys/devices/system/cpu none bind,optional 0 0`,
  ];
}
