import { afterAll, beforeAll, expect, test } from 'vitest';
import { PageWatch } from '../integration/page-watch.ts';
import {
  CONTROL,
  type ControlPlaneSite,
  edit,
  headOf,
  known,
  LOGIN,
  logOf,
  mergeAndWait,
  openControlPlaneSite,
  PASSWORD,
} from './controlplane-site.ts';
import { keepResult } from './results.ts';
import { Hopeless, waitFor } from './wait.ts';

/** The control plane's container made anew by a merge into its own repository: a pilot does what no run inside of it can. */

const PILOT = 600_000 + CONTROL;
const WORK_MS = 13 * 60_000;
let site: ControlPlaneSite;

beforeAll(async () => {
  site = await openControlPlaneSite({ port: 18_700 });
});
afterAll(async () => {
  await site?.remove();
});

/** What the pilot has said so far; undefined: there is none. */
function pilotLog(): string | undefined {
  try {
    const text = site.node.inside(PILOT, 'journalctl -u pve-gitops-pilot --no-pager -o cat');
    keepResult('controlplane/pilot.log', text);
    return text;
  } catch {
    return undefined;
  }
}

/** The newest status of ours on a commit, once it is no longer pending. Gitea is away for some of the time. */
async function outcome(commit: string): Promise<string> {
  let seen = '';
  const ended = async () => {
    const log = pilotLog();
    const all = await site.api.commitStatuses('srv/config', commit);
    const ours = all.find(({ context }) => context === 'pve-gitops / config');
    seen = `${ours?.status}: ${ours?.description}`;
    if (log !== undefined && /^failed with \d+$/m.test(log)) throw new Hopeless(`the pilot failed; ${seen}\n${log}`);
    return ours === undefined || ours.status === 'pending' ? undefined : seen;
  };
  return waitFor('the end of what the pilot does', WORK_MS, ended, () => seen);
}

test('a smaller disk: the container is made anew by a pilot, and everything is still there', async () => {
  const { api, node } = site;
  const [machine] = node.identity(CONTROL).split('\n');
  const before = (await known(api)) as object;
  await edit(api, 'srv/config', 'libs/config/container.yml', (text) =>
    text.replace('disk: local-lvm:8\n', 'disk: local-lvm:7\n'),
  );
  const began = Date.now();
  const run = await mergeAndWait(api, 'srv/config', WORK_MS);
  const log = await logOf(site, 'srv/config', run, 'replace');
  expect(run.conclusion, log).toBe('success');
  expect(log).toContain(`pilot ${PILOT} carries it out`);
  const handed = Date.now();
  const watch = new PageWatch(`${site.url}/api/healthz`, 200);
  const release = await headOf(api, 'srv/config', 'release');
  const said = await outcome(release);
  const seen = await watch.end();
  console.log(
    `the control plane replaced by its pilot: handed over after ${seconds(handed - began)}, done after ${seconds(Date.now() - began)}; ` +
      `Gitea away for ${seconds(seen.longestGap)} (${seen.failed} of ${seen.asked} calls without an answer)`,
  );
  expect(said).toMatch(/^success: /);
  expect(node.identity(CONTROL).split('\n')[0]).not.toBe(machine);
  expect(String((await node.configOf(CONTROL))?.rootfs)).toContain('size=7G');

  // The pilot starts the pipeline once more, which finds everything done and takes the pilot away.
  const last = await api.waitForRun('srv/config', release, { event: 'workflow_dispatch' }, WORK_MS);
  expect(last.conclusion, await logOf(site, 'srv/config', last, 'after-replace')).toBe('success');
  expect((await node.containers()).filter((vmid) => vmid < 800_000)).toEqual([CONTROL]);
  const after = (await known(api)) as { readonly runs: readonly (readonly string[])[] };
  expect({ ...after, runs: [], branches: [] }).toEqual({ ...before, runs: [], branches: [] });
  expect(after.runs.flat().some((one) => one.startsWith(`srv/config ${run.id} ${release} success`))).toBe(true);
  expect((await api.runners()).map(({ status }) => status)).toEqual(['online']);
  // Accounts and passwords too.
  const login = Buffer.from(`${LOGIN}:${PASSWORD}`).toString('base64');
  const asked = await fetch(`${site.url}/api/v1/user`, { headers: { authorization: `Basic ${login}` } });
  expect(asked.status).toBe(200);
});

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
