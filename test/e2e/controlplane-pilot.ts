import { CONTROL, type ControlPlaneSite } from './controlplane-site.ts';
import { keepResult } from './results.ts';
import { Hopeless, waitFor } from './wait.ts';

export const PILOT = 600_000 + CONTROL;

/** What the pilot has said so far; undefined: there is none. */
function pilotLog(site: ControlPlaneSite): string | undefined {
  try {
    const text = site.node.inside(PILOT, 'journalctl -u pve-gitops-pilot --no-pager -o cat');
    keepResult('controlplane/pilot.log', text);
    return text;
  } catch {
    return undefined;
  }
}

/** The newest status of ours on a commit of srv/config, once it is no longer pending. Gitea is away for some of the time. */
export async function pilotOutcome(site: ControlPlaneSite, commit: string, timeoutMs: number): Promise<string> {
  let seen = '';
  const ended = async () => {
    const log = pilotLog(site);
    const all = await site.api.commitStatuses('srv/config', commit);
    const ours = all.find(({ context }) => context === 'pve-gitops / config');
    seen = `${ours?.status}: ${ours?.description}`;
    if (ours !== undefined && ours.status !== 'pending') return seen;
    if (log !== undefined && /^failed with \d+$/m.test(log)) throw new Hopeless(`the pilot failed; ${seen}\n${log}`);
    return undefined;
  };
  return waitFor('the end of what the pilot does', timeoutMs, ended, () => seen);
}
