import type { Inspected } from '../../../src/imports/inspect.ts';
import { type TakenOver, takeOver } from '../../../src/imports/take-over.ts';
import type { ContainerState } from '../../../src/model/observed.ts';
import type { Settings } from '../../../src/model/settings.ts';

export const SETTINGS: Settings = {
  connection: { hosts: ['pve'], port: 8006, trust: { kind: 'system' } },
  site: 'home',
  stateDirectory: '/state',
  vmidBase: 1000,
  candidateVmidBase: 900_000,
  candidateAddresses: 'dhcp',
  storage: 'local-lvm',
  templateStorage: 'local',
  network: { bridge: 'vmbr0', interface: 'eth0', prefix: 24, gateway: '10.88.0.1' },
  timezone: 'Etc/UTC',
  locale: 'C.UTF-8',
  upgrade: false,
  sshKeys: [],
  share: '/srv/share',
  debug: false,
};

export function stateOf(
  config: Readonly<Record<string, string>>,
  changes: Partial<ContainerState> = {},
): ContainerState {
  return { vmid: 101, node: 'pve', running: true, config, pending: {}, digest: 'd1', ...changes };
}

/** Imports into an empty directory `/definitions/web`. */
export function take(state: ContainerState, facts: Partial<Inspected> = {}, settings = SETTINGS): TakenOver {
  const target = {
    directory: '/definitions/web',
    shown: 'web',
    schema: 'container.schema.json',
    files: new Map(),
    names: [],
  };
  const who = { name: 'web', owner: 'srv/web', stage: 'main' };
  return takeOver({ state, rawLines: [], snapshots: [], ...facts }, target, settings, who);
}

/** The lines of a definition that are no comments. */
export function keysOf(taken: TakenOver): string {
  return taken.text
    .split('\n')
    .filter((line) => !line.startsWith('#') && line.trim() !== '')
    .join('\n');
}
