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

/**
 * What lets a bridge's traffic pass firewalls that drop what they do not know. An accept in a table of ours does not
 * help: every chain on the hook must let a packet pass. Docker's and ufw's chains are reached by iptables, others by nft.
 */
export async function neededForwardRules(bridge: string, ownTable: string): Promise<readonly HostChange[]> {
  const changes: HostChange[] = [];
  const rules = await output(['iptables', '-w', '-S']);
  const docker = rules?.includes('-N DOCKER-USER') === true;
  if (rules !== undefined && (docker || rules.includes('-P FORWARD DROP'))) {
    const chain = docker ? 'DOCKER-USER' : 'FORWARD';
    const answers = ['-m', 'conntrack', '--ctstate', 'RELATED,ESTABLISHED'];
    changes.push({ kind: 'iptables', chain, rule: ['-i', bridge, '-j', 'ACCEPT'] });
    changes.push({ kind: 'iptables', chain, rule: ['-o', bridge, ...answers, '-j', 'ACCEPT'] });
  }
  const list = JSON.parse((await output(['nft', '-j', 'list', 'chains'])) ?? '{}') as NftList;
  for (const { chain } of list.nftables ?? []) {
    if (chain?.hook !== 'forward' || chain.policy !== 'drop' || chain.table === ownTable) continue;
    if (!['ip', 'inet'].includes(chain.family)) continue;
    const byIptables =
      rules !== undefined && chain.family === 'ip' && chain.table === 'filter' && chain.name === 'FORWARD';
    if (byIptables) continue;
    changes.push({
      kind: 'nft-rule',
      family: chain.family,
      table: chain.table,
      chain: chain.name,
      comment: `pve-gitops ${bridge}`,
    });
  }
  if ((await output(['firewall-cmd', '--state']))?.trim() === 'running') {
    changes.push({ kind: 'firewalld', name: bridge });
  }
  return changes;
}

/** Makes one of these changes, unless it is there. The journal has it already. */
export async function makeForwardRule(change: HostChange, bridge: string): Promise<void> {
  if (change.kind === 'iptables') {
    if ((await output(['iptables', '-w', '-C', change.chain, ...change.rule])) !== undefined) return;
    await output(['iptables', '-w', '-I', change.chain, '1', ...change.rule]);
  }
  if (change.kind === 'firewalld') {
    await output(['firewall-cmd', '--zone=trusted', `--change-interface=${change.name}`]);
  }
  if (change.kind === 'nft-rule') {
    if ((await foreignRules(change)).length > 0) return;
    const target = [change.family, change.table, change.chain];
    const comment = ['comment', `"${change.comment}"`];
    await output([
      'nft',
      'insert',
      'rule',
      ...target,
      'oifname',
      bridge,
      'ct',
      'state',
      'established,related',
      'accept',
      ...comment,
    ]);
    await output(['nft', 'insert', 'rule', ...target, 'iifname', bridge, 'accept', ...comment]);
  }
}
