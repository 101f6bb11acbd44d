import type { ContainerState } from '../../../src/model/observed.ts';
import type { Parameters } from '../../../src/model/plan.ts';
import { formatProperties, parseProperties, volumeOf } from '../../../src/model/property-string.ts';

type Config = Record<string, string>;

/** Keys that a running container does not take. */
const WAITS = /^(features|nameserver|searchdomain|dev\d+)$/;

/** Enough of what Proxmox VE does with a config: volumes are made, detached ones become unused, some keys wait. */
export function createdConfig(vmid: number, parameters: Parameters): Config {
  const config: Config = {};
  const keys = Object.keys(parameters).filter((key) => !['ostemplate', 'ssh-public-keys', 'pool'].includes(key));
  for (const key of ['rootfs', ...keys.filter((name) => name !== 'rootfs')]) {
    set(config, vmid, key, String(parameters[key]));
  }
  return config;
}

export function updatedState(
  state: ContainerState,
  change: { readonly set: Parameters; readonly remove: readonly string[] },
): ContainerState {
  const config: Config = { ...state.config };
  const pending: Record<string, string | null> = { ...state.pending };
  for (const key of change.remove) {
    const waits = state.running && (WAITS.test(key) || /^mp\d+$/.test(key));
    if (waits && config[key] !== undefined) pending[key] = null;
    else {
      remove(config, key);
      delete pending[key];
    }
  }
  for (const [key, given] of Object.entries(change.set)) {
    const value = String(given);
    delete pending[key];
    const waits = state.running && (WAITS.test(key) || (/^mp\d+$/.test(key) && config[key] !== undefined));
    if (!waits) set(config, state.vmid, key, value);
    else if (config[key] !== value) pending[key] = value;
  }
  return { ...state, config, pending };
}

/** After a start or a restart nothing waits any more. */
export function startedState(state: ContainerState): ContainerState {
  const config: Config = { ...state.config };
  for (const [key, value] of Object.entries(state.pending)) {
    if (value === null) remove(config, key);
    else set(config, state.vmid, key, value);
  }
  return { ...state, config, pending: {}, running: true };
}

export function resizedState(state: ContainerState, disk: string, size: number): ContainerState {
  const properties = new Map(parseProperties(state.config[disk] ?? ''));
  properties.set('size', `${size}G`);
  return { ...state, config: { ...state.config, [disk]: formatProperties(properties) } };
}

/** The volume has another name there, and its size and path stay. */
export function movedState(state: ContainerState, disk: string, storage: string): ContainerState {
  const properties = new Map(parseProperties(state.config[disk] ?? ''));
  const [, name = ''] = (properties.get('') ?? '').split(':');
  properties.set('', `${storage}:${name}`);
  return { ...state, running: false, config: { ...state.config, [disk]: formatProperties(properties) } };
}

function set(config: Config, vmid: number, key: string, value: string): void {
  const isVolume = /^(rootfs|mp\d+)$/.test(key) && !volumeOf(value).startsWith('/');
  config[key] = isVolume ? volume(config, vmid, value) : key === 'tags' ? sorted(value) : value;
  if (!isVolume) return;
  for (const [other, text] of Object.entries(config)) {
    if (other.startsWith('unused') && text === volumeOf(config[key] ?? '')) delete config[other];
  }
}

function volume(config: Config, vmid: number, value: string): string {
  const properties = new Map(parseProperties(value));
  const [, storage, size] = /^([^:]+):(\d+(?:\.\d+)?)$/.exec(properties.get('') ?? '') ?? [];
  if (storage === undefined) return value;
  const taken = Object.values(config).map(volumeOf);
  let number = 0;
  while (taken.some((volid) => volid.endsWith(`vm-${vmid}-disk-${number}`))) number += 1;
  properties.set('', `${storage}:vm-${vmid}-disk-${number}`);
  properties.set('size', `${size}G`);
  return formatProperties(properties);
}

function remove(config: Config, key: string): void {
  const value = config[key];
  delete config[key];
  if (value === undefined || !/^mp\d+$/.test(key) || volumeOf(value).startsWith('/')) return;
  let number = 0;
  while (config[`unused${number}`] !== undefined) number += 1;
  config[`unused${number}`] = volumeOf(value);
}

function sorted(tags: string): string {
  return [...new Set(tags.toLowerCase().split(/[;,\s]+/))].toSorted().join(';');
}
