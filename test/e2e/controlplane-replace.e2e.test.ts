import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PageWatch } from '../integration/page-watch.ts';
import { PILOT, pilotOutcome } from './controlplane-pilot.ts';
import {
  APACHE,
  CONTROL,
  type ControlPlaneSite,
  cloneOf,
  edit,
  headOf,
  known,
  LOGIN,
  logOf,
  mergeAndWait,
  openControlPlaneSite,
  PASSWORD,
  RUN_MS,
} from './controlplane-site.ts';
import { page } from './own-node.ts';

/** The control plane's container is made anew by its pilot, and a backup is restored on an empty node. */

let site: ControlPlaneSite;

beforeAll(async () => {
  site = await openControlPlaneSite({ port: 18_500 });
});
afterAll(async () => {
  await site?.remove();
});

test('a smaller disk: a pilot makes the container anew, and everything is still there', async () => {
  const { api, node } = site;
  expect((await mergeAndWait(api, 'srv/apache', RUN_MS)).conclusion).toBe('success');
  const [machine] = node.identity(CONTROL).split('\n');
  const before = (await known(api)) as object;
  await edit(api, 'srv/config', 'libs/config/container.yml', (text) => text.replace('local-lvm:8\n', 'local-lvm:7\n'));
  const began = Date.now();
  const run = await mergeAndWait(api, 'srv/config', RUN_MS);
  const log = await logOf(site, 'srv/config', run, 'replace');
  expect(run.conclusion, log).toBe('success');
  expect(log).toContain(`pilot ${PILOT} carries it out`);
  const handed = Date.now();
  const watch = new PageWatch(`${site.url}/api/healthz`, 200);
  const release = await headOf(api, 'srv/config', 'release');
  const said = await pilotOutcome(site, release, RUN_MS);
  const seen = await watch.end();
  console.log(
    `the control plane replaced by its pilot: handed over after ${seconds(handed - began)}, done after ${seconds(Date.now() - began)}; ` +
      `Gitea away for ${seconds(seen.longestGap)} (${seen.failed} of ${seen.asked} calls without an answer)`,
  );
  expect(said).toMatch(/^success: /);
  expect(node.identity(CONTROL).split('\n')[0]).not.toBe(machine);
  expect(String((await node.configOf(CONTROL))?.rootfs)).toContain('size=7G');

  // The pilot starts the pipeline once more, which finds everything done and takes the pilot away.
  const last = await api.waitForRun('srv/config', release, { event: 'workflow_dispatch' }, RUN_MS);
  expect(last.conclusion, await logOf(site, 'srv/config', last, 'after-replace')).toBe('success');
  expect((await node.containers()).filter((vmid) => vmid < 800_000).toSorted()).toEqual([CONTROL, APACHE]);
  const after = (await known(api)) as { readonly runs: readonly (readonly string[])[] };
  expect({ ...after, runs: [], branches: [] }).toEqual({ ...before, runs: [], branches: [] });
  expect(after.runs.flat().some((one) => one.startsWith(`srv/config ${run.id} ${release} success`))).toBe(true);
  expect((await api.runners()).map(({ status }) => status)).toEqual(['online']);
  // Accounts and passwords too.
  const login = Buffer.from(`${LOGIN}:${PASSWORD}`).toString('base64');
  const asked = await fetch(`${site.url}/api/v1/user`, { headers: { authorization: `Basic ${login}` } });
  expect(asked.status).toBe(200);
});

test('a backup restored on an empty node: the whole site comes back', async () => {
  const room = mkdtempSync(join(tmpdir(), 'pve-gitops-backup-'));
  try {
    const before = site;
    const kept = await known(before.api);
    const file = join(room, 'site.tar.gz');
    await before.cli('controlplane', 'backup', file, '--project', before.project);
    const release = await headOf(before.api, 'srv/config', 'release');
    const after = (await before.api.runs('srv/config', release)).map(({ id }) => id);
    const project = cloneOf(before, join(room, 'clone'));
    await before.remove();
    site = await openControlPlaneSite({ port: 18_600, http: before.http, backup: file, project });
    expect(await known(site.api)).toEqual(kept);
    // Last of all its own release, which finds that nothing is to be done.
    const own = await site.api.waitForRun('srv/config', release, { after: Math.max(...after) }, RUN_MS);
    const log = await logOf(site, 'srv/config', own, 'restored-config');
    expect(own.conclusion, log).toBe('success');
    expect(log).toContain('nothing to change');
    const deployed = await headOf(site.api, 'srv/apache', 'release');
    const run = await site.api.waitForRun('srv/apache', deployed, { event: 'workflow_dispatch' }, RUN_MS);
    expect(run.conclusion, await logOf(site, 'srv/apache', run, 'restored')).toBe('success');
    await page(`http://${site.node.prefix}.178.42/`, `Hello from ${LOGIN}`);
  } finally {
    rmSync(room, { recursive: true, force: true });
  }
});

test('a version that cannot start, by a pilot: the one before serves again, as it was', async () => {
  const { api, node, url } = site;
  const before = await known(api);
  const identity = node.identity(CONTROL);
  await edit(api, 'srv/config', 'libs/config/container.yml', (text) => text.replace('local-lvm:7\n', 'local-lvm:6\n'));
  await edit(api, 'srv/config', 'libs/config/lib/gitea.sh', (text) =>
    text
      .replace('APP_NAME = pve-gitops', 'APP_NAME = The broken version')
      .replace('DB_TYPE = sqlite3', 'DB_TYPE = nonsense'),
  );
  const run = await mergeAndWait(api, 'srv/config', RUN_MS);
  const log = await logOf(site, 'srv/config', run, 'replace-broken');
  expect(run.conclusion, log).toBe('success');
  expect(log).toContain(`pilot ${PILOT} carries it out`);
  const watch = new PageWatch(`${url}/api/healthz`, 200);
  const said = await pilotOutcome(site, await headOf(api, 'srv/config', 'release'), RUN_MS);
  const seen = await watch.end();
  console.log(`a version that cannot start, by a pilot: ${said}; Gitea away for ${seconds(seen.longestGap)}`);
  expect(said).toMatch(/^failure: .*gitea/i);
  expect(node.identity(CONTROL)).toBe(identity);
  expect(String((await node.configOf(CONTROL))?.rootfs)).toContain('size=7G');
  expect(await (await fetch(url)).text()).not.toContain('The broken version');
  const after = (await known(api)) as object;
  expect({ ...after, runs: [], branches: [] }).toEqual({ ...(before as object), runs: [], branches: [] });
  expect((await api.runners()).map(({ status }) => status)).toEqual(['online']);
});

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
