import type { Finding } from '../model/finding.ts';
import type { ClusterState, NodeState } from '../model/inspection.ts';
import { ok, problem, warning } from './findings.ts';

/**
 * Quorum, and which nodes are up. Who may not see /cluster/status (Sys.Audit on /; the role of one pool does not) counts
 * nodes instead.
 */
export function examineCluster(cluster: ClusterState | undefined, nodes: readonly NodeState[]): readonly Finding[] {
  const down = nodes.filter(({ online }) => !online).map(({ node }) => node);
  const up = nodes.length - down.length;
  const fix = ['start the nodes that are down; pvecm status on a node tells more'];
  const lost = down.length === 0 ? [] : [warning('cluster', `not online: ${down.join(', ')}`, fix)];
  if (cluster?.quorate === false) {
    return [problem('cluster', 'remote', 'the cluster has no quorum: nothing can be created or changed', fix), ...lost];
  }
  if (cluster?.quorate === true)
    return [ok('cluster', `the cluster has quorum, ${up} of ${nodes.length} nodes are online`), ...lost];
  if (nodes.length <= 1) return [ok('cluster', `one node, no cluster: ${nodes[0]?.node ?? '-'}`)];
  const counted = `${up} of ${nodes.length} nodes are online`;
  if (up * 2 > nodes.length) return [ok('cluster', `${counted} (the quorum itself needs Sys.Audit on /)`), ...lost];
  return [problem('cluster', 'remote', `${counted}: that is no majority`, fix)];
}
