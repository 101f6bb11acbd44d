import type { ContainerSpec, MountPoint, NetworkInterface } from '../backend/backend.ts';
import type { Core } from '../core.ts';
import { toVolume } from '../store/volumes.ts';
import type { Values } from './config.ts';
import { isMountKey, type MountValue } from './mount-point.ts';

type Parts = Pick<Core, 'mountPoints' | 'networks' | 'volumes'>;

/** Proxmox VE's defaults where the config says nothing (row 809). */
export const DEFAULT_MEMORY = 512;

function mountOf(parts: Parts, value: MountValue): MountPoint {
  const { type, volume } = value;
  return {
    key: value.key,
    source:
      type === 'volume'
        ? { kind: 'volume', volume: toVolume(parts.volumes.get(volume)) }
        : { kind: type, path: volume },
    path: value.key === 'rootfs' ? '/' : (value.mp ?? '/'),
    readOnly: value.options.ro === '1',
  };
}

function interfaceOf(parts: Parts, key: string, text: string): NetworkInterface {
  const net = parts.networks.parse(text);
  const numbers = { mtu: net.mtu, tag: net.tag, rate: net.rate };
  return {
    index: Number(key.slice(3)),
    name: net.name ?? 'eth0',
    bridge: net.bridge ?? '',
    hwaddr: net.hwaddr ?? '',
    ...(net.ip === undefined ? {} : { ip: net.ip }),
    ...(net.gw === undefined ? {} : { gw: net.gw }),
    ...(net.ip6 === undefined ? {} : { ip6: net.ip6 }),
    ...(net.gw6 === undefined ? {} : { gw6: net.gw6 }),
    ...(numbers.mtu === undefined ? {} : { mtu: Number(numbers.mtu) }),
    ...(numbers.tag === undefined ? {} : { tag: Number(numbers.tag) }),
    ...(numbers.rate === undefined ? {} : { rate: Number(numbers.rate) }),
    linkDown: net.link_down === '1',
  };
}

function features(text: string | undefined): Readonly<Record<string, string>> {
  const parts = (text ?? '').split(',').filter((part) => part.includes('='));
  return Object.fromEntries(parts.map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]));
}

/** Keys of one kind in the order of their numbers. */
function indexedKeys(values: Values, base: string): readonly string[] {
  const pattern = new RegExp(`^${base}(\\d+)$`);
  return Object.keys(values)
    .filter((key) => pattern.test(key))
    .sort((a, b) => Number(a.slice(base.length)) - Number(b.slice(base.length)));
}

/** The interfaces of a section, key → value. */
export function networksOf(values: Values): Readonly<Record<string, string>> {
  return Object.fromEntries(indexedKeys(values, 'net').map((key) => [key, values[key] ?? '']));
}

/** What the back end gets for a container's active values. Throws for volumes that do not exist. */
export function toSpec(parts: Parts, vmid: number, values: Values): ContainerSpec {
  const mounts = Object.keys(values)
    .filter(isMountKey)
    .map((key) => mountOf(parts, parts.mountPoints.parse(key, values[key])));
  const rootfs =
    mounts.find((mount) => mount.key === 'rootfs') ?? mountOf(parts, parts.mountPoints.parse('rootfs', undefined));
  return {
    vmid,
    hostname: values.hostname ?? `CT${vmid}`,
    arch: values.arch ?? 'amd64',
    ostype: values.ostype ?? 'unmanaged',
    unprivileged: values.unprivileged === '1',
    features: features(values.features),
    ...(values.cores === undefined ? {} : { cores: Number(values.cores) }),
    ...(values.cpulimit === undefined ? {} : { cpulimit: Number(values.cpulimit) }),
    ...(values.cpuunits === undefined ? {} : { cpuunits: Number(values.cpuunits) }),
    memory: Number(values.memory ?? DEFAULT_MEMORY),
    swap: Number(values.swap ?? 0),
    rootfs,
    mounts: mounts.filter((mount) => mount.key !== 'rootfs'),
    interfaces: indexedKeys(values, 'net').map((key) => interfaceOf(parts, key, values[key] ?? '')),
    ...(values.nameserver === undefined ? {} : { nameserver: values.nameserver.trim() }),
    ...(values.searchdomain === undefined ? {} : { searchdomain: values.searchdomain.trim() }),
    ...(values.timezone === undefined ? {} : { timezone: values.timezone }),
  };
}
