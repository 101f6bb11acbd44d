import type { NetworkInterface } from '../model/desired.ts';
import type { Finding } from '../model/finding.ts';
import type { Bridge } from '../model/inspection.ts';
import { ok, problem } from './findings.ts';

/** A bridge that is asked for, with the VLANs on it. */
export interface BridgeUse {
  readonly bridge: string;
  readonly vlans: readonly number[];
}

export function bridgeUses(
  interfaces: readonly Pick<NetworkInterface, 'bridge' | 'vlan' | 'trunks'>[],
): readonly BridgeUse[] {
  return interfaces.map(({ bridge, vlan, trunks }) => ({
    bridge,
    vlans: [...(vlan === undefined ? [] : [vlan]), ...(trunks ?? [])],
  }));
}

/** ACL paths on which SDN.Use is asked for: the bridge's own, or one per VLAN. */
export function networkPaths(uses: readonly BridgeUse[], bridges: readonly Bridge[]): readonly string[] {
  return uses.flatMap(({ bridge, vlans }) => {
    const zone = bridges.find(({ name }) => name === bridge)?.zone ?? 'localnetwork';
    const path = `/sdn/zones/${zone}/${bridge}`;
    return vlans.length === 0 ? [path] : vlans.map((vlan) => `${path}/${vlan}`);
  });
}

/** A bridge that this identity may not use is told as a missing privilege, not as one that is not there. */
export function examineBridges(
  uses: readonly BridgeUse[],
  bridges: readonly Bridge[],
  node: string,
  mayUse: (use: BridgeUse) => boolean,
): readonly Finding[] {
  const seen = new Map(uses.map((use) => [use.bridge, use]));
  return [...seen.values()].flatMap((use) => {
    if (bridges.some(({ name }) => name === use.bridge)) return [ok('network', `bridge ${use.bridge} is on ${node}`)];
    if (!mayUse(use)) return [];
    const known = bridges.map(({ name }) => name).join(', ');
    const fix = [
      known === ''
        ? 'make it: node → System → Network'
        : `there are: ${known} (bridge of the definition, or network.bridge)`,
    ];
    return [problem('network', 'user', `bridge ${use.bridge} does not exist on ${node}`, fix)];
  });
}
