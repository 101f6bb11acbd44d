import type { HostChange } from './host-change.ts';
import { runCommand } from './run-command.ts';

const DEADLINE = 15_000;

async function output(argv: readonly string[]): Promise<string | undefined> {
  const result = await runCommand(argv, { timeout: DEADLINE }).catch(() => undefined);
  return result?.code === 0 ? result.stdout : undefined;
}

interface NftList {
  readonly nftables?: readonly {
    readonly chain?: {
      readonly family: string;
      readonly table: string;
      readonly name: string;
      readonly hook?: string;
      readonly policy?: string;
    };
    readonly rule?: { readonly handle: number; readonly comment?: string };
  }[];
}

/** Handles of our rules in a foreign chain. */
export async function foreignRules(change: Extract<HostChange, { kind: 'nft-rule' }>): Promise<readonly number[]> {
  const text = await output(['nft', '-j', '-a', 'list', 'chain', change.family, change.table, change.chain]);
  if (text === undefined) return [];
  const list = JSON.parse(text) as NftList;
  return (list.nftables ?? []).flatMap(({ rule }) => (rule?.comment === change.comment ? [rule.handle] : []));
}

/** What the chains of iptables need; `rules` is what `iptables -S` prints. */
export function iptablesChanges(rules: string, bridge: string): readonly HostChange[] {
  const lines = rules.split('\n');
  const docker = lines.includes('-N DOCKER-USER');
  const changes: HostChange[] = [];
  if (docker || lines.includes('-P FORWARD DROP')) {
    const chain = docker ? 'DOCKER-USER' : 'FORWARD';
    const answers = ['-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED'];
    changes.push({ kind: 'iptables', chain, rule: ['-i', bridge, '-j', 'ACCEPT'] });
    changes.push({ kind: 'iptables', chain, rule: ['-o', bridge, ...answers, '-j', 'ACCEPT'] });
  }
  if (lines.includes('-P INPUT DROP')) {
    // What our dnsmasq may serve: names and leases.
    for (const port of ['53', '67']) {
      const rule = ['-i', bridge, '-p', 'udp', '--dport', port, '-j', 'ACCEPT'];
      changes.push({ kind: 'iptables', chain: 'INPUT', rule });
    }
  }
  return changes;
}

/**
 * What nft's own chains need; `listing` is what `nft -j list chains` prints. With iptables on the machine its table is
 * left to it: it complains about rules that it does not know.
 */
export function nftChanges(
  listing: string,
  bridge: string,
  ownTable: string,
  iptables: boolean,
): readonly HostChange[] {
  const list = JSON.parse(listing) as NftList;
  return (list.nftables ?? []).flatMap(({ chain }): readonly HostChange[] => {
    if (chain === undefined || chain.policy !== 'drop' || chain.table === ownTable) return [];
    if (!['forward', 'input'].includes(chain.hook ?? '') || !['ip', 'inet'].includes(chain.family)) return [];
    if (iptables && chain.family === 'ip' && chain.table === 'filter') return [];
    const comment = `pve-gitops ${bridge} ${chain.hook}`;
    return [{ kind: 'nft-rule', family: chain.family, table: chain.table, chain: chain.name, comment }];
  });
}

/**
 * What lets a bridge's traffic pass firewalls that drop what they do not know. An accept in a table of ours does not
 * help: every chain on the hook must let a packet pass.
 */
export async function neededRules(bridge: string, ownTable: string): Promise<readonly HostChange[]> {
  const rules = await output(['iptables', '-w', '-S']);
  const chains = await output(['nft', '-j', 'list', 'chains']);
  const firewalld = (await output(['firewall-cmd', '--state']))?.trim() === 'running';
  return [
    ...(rules === undefined ? [] : iptablesChanges(rules, bridge)),
    ...(chains === undefined ? [] : nftChanges(chains, bridge, ownTable, rules !== undefined)),
    ...(firewalld ? [{ kind: 'firewalld', name: bridge } as const] : []),
  ];
}

async function attempt(...argv: readonly string[]): Promise<string | undefined> {
  const result = await runCommand(argv, { timeout: DEADLINE });
  return result.code === 0 ? undefined : `${argv.join(' ')}: ${result.stderr.trim().split('\n')[0]}`;
}

/** Makes one of these changes, unless it is there; the journal has it already. Returns why it failed. */
export async function makeRule(change: HostChange, bridge: string): Promise<string | undefined> {
  switch (change.kind) {
    case 'iptables':
      if ((await output(['iptables', '-w', '-C', change.chain, ...change.rule])) !== undefined) return undefined;
      return await attempt('iptables', '-w', '-I', change.chain, '1', ...change.rule);
    case 'firewalld':
      return await attempt('firewall-cmd', '--zone=trusted', `--change-interface=${change.name}`);
    case 'nft-rule': {
      if ((await foreignRules(change)).length > 0) return undefined;
      const insert = ['nft', 'insert', 'rule', change.family, change.table, change.chain];
      const comment = ['comment', `"${change.comment}"`];
      if (change.comment.endsWith(' input')) {
        return await attempt(...insert, 'iifname', bridge, 'udp', 'dport', '{ 53, 67 }', 'accept', ...comment);
      }
      const answers = ['oifname', bridge, 'ct', 'state', 'established,related', 'accept', ...comment];
      return (
        (await attempt(...insert, ...answers)) ?? (await attempt(...insert, 'iifname', bridge, 'accept', ...comment))
      );
    }
    default:
      return undefined;
  }
}
