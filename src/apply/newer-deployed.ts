import type { Desired } from '../model/desired.ts';
import type { Source } from '../model/ports.ts';

export interface Deploying {
  readonly directory?: string;
  readonly desired: Desired;
  /** Going back is wanted. */
  readonly back?: boolean;
}

/** Where the repository's history tells that a newer commit is deployed. */
export async function newerDeployed(
  source: Pick<Source, 'isAncestor'>,
  { directory, desired: { commit }, back = false }: Deploying,
  deployed: string | undefined,
): Promise<{ readonly deployed?: string }> {
  if (back || directory === undefined || deployed === undefined || commit === undefined) return {};
  const older = await source.isAncestor(directory, commit, deployed);
  return older === true ? { deployed } : {};
}
