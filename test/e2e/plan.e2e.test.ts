import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addTemplate, dataOf, startTestNode, type TestNode } from '../contract/support/node-client.ts';
import { forgeAndRunner, logOfRun } from './forge-and-runner.ts';
import type { Run } from './gitea-types.ts';
import { cancelRun } from './gitea-web.ts';
import { COMMENT, keepPage, keepRun } from './keep-page.ts';
import { provideActions, pushFiles } from './push.ts';
import { waitFor } from './wait.ts';

/** What people see of a plan and of a mistake, on a real Gitea with a node that runs no containers. */

const REPOSITORY = 'srv/web';
const CONFIG = 'IP=dhcp\nID=44\nHOSTNAME=web\nCORES=2\nMEMORY=1024\nDISK=local-lvm:4\n';

let node: TestNode;
let workflow: string;
const folder = mkdtempSync(join(tmpdir(), 'pve-gitops-plan-'));
const config = join(folder, 'config.json');

beforeAll(async () => {
  node = await startTestNode({ profile: 'home' });
  addTemplate(node);
  const made = await node.root.call('POST', '/access/users/root@pam/token/e2e', { privsep: 0 });
  const { port, caFile } = node.node;
  const token = { token_id: 'root@pam!e2e', token_secret: dataOf<{ value: string }>(made).value };
  const proxmox = { host: `127.0.0.1:${port}`, ca_file: caFile, ...token };
  writeFileSync(config, JSON.stringify({ proxmox, state_directory: join(folder, 'state') }), { mode: 0o600 });
});
afterAll(async () => {
  await node?.close();
  rmSync(folder, { recursive: true, force: true });
});
const site = forgeAndRunner('plan', () => ({ env: { PVE_GITOPS_CONFIG: config } }));

beforeAll(async () => {
  const { forge, directory } = site();
  await provideActions(forge, directory);
  await forge.api.createRepository(REPOSITORY, { private: true });
  workflow = await forge.api.text('GET', '/repos/srv/config/raw/workflows/templates/long.yml');
});

async function push(
  branch: string,
  text: string,
  event = 'push',
): Promise<{ readonly run: Run; readonly log: string }> {
  const { forge } = site();
  const files = { '.gitea/workflows/container.yml': workflow, 'config.env': text, 'configure.sh': 'echo done\n' };
  const sha = await pushFiles(forge, REPOSITORY, files, { branch, message: `web: ${branch}` });
  const run = await forge.api.waitForRun(REPOSITORY, sha, { event }, 300_000);
  return { run, log: await logOfRun(forge, REPOSITORY, run, `plan/${branch}-${event}.log`) };
}

test('develop: the plan is green', async () => {
  const { run, log } = await push('develop', CONFIG);
  expect(run.conclusion, log).toBe('success');
  expect(log).toMatch(/\+ create container 1044/);
});

test('mistakes in a definition are red, one error each', async () => {
  const { run, log } = await push('main', 'ID=44\nHOSTNMAE=web\nMEMORY=much\n');
  expect(run.conclusion).toBe('failure');
  expect(log).toMatch(/config\.env:2:.*HOSTNMAE/);
  expect(log).toMatch(/config\.env:3:.*MEMORY/);
  await keepRun(site().forge, REPOSITORY, run, { name: 'red-run', opened: 'config.env:3' });
});

test('a pull request has the plan as a comment', async () => {
  const { forge } = site();
  await push('release', 'ID=44\nHOSTNMAE=web\n');
  const { api } = forge;
  // Of a branch without common history Gitea shows no page.
  const branch = { new_branch_name: 'x', old_ref_name: 'release' };
  await api.request('POST', `/repos/${REPOSITORY}/branches`, branch);
  await pushFiles(
    forge,
    REPOSITORY,
    { '.gitea/workflows/container.yml': workflow, 'config.env': CONFIG },
    { branch: 'x' },
  );
  const body = { head: 'x', base: 'release', title: 'A web server' };
  const { number } = await api.request<{ number: number }>('POST', `/repos/${REPOSITORY}/pulls`, body);
  const { commit } = await api.request<{ commit: { id: string } }>('GET', `/repos/${REPOSITORY}/branches/x`);
  // Gitea may take note of the push after the pull request, which is changed by it then: two runs, of which the later may overtake the earlier, and
  // one comment.
  const runs = await waitFor('the runs of the pull request', 300_000, async () => {
    const found = await api.runs(REPOSITORY, commit.id, { event: 'pull_request' });
    return found.length > 0 && found.every(({ status }) => status === 'completed') ? found : undefined;
  });
  const logs = await Promise.all(runs.map((run) => logOfRun(forge, REPOSITORY, run, `plan/pull-${run.id}.log`)));
  expect(
    new Set(runs.map(({ conclusion }) => conclusion).filter((one) => one !== 'cancelled')),
    logs.join('\n'),
  ).toEqual(new Set(['success']));
  const comments = await api.request<{ body: string }[]>('GET', `/repos/${REPOSITORY}/issues/${number}/comments`);
  expect(comments).toHaveLength(1);
  expect(comments[0]?.body).toContain('create container 1044');
  const text = 'planned, nothing was changed';
  await keepPage(forge, `${forge.url}/${REPOSITORY}/pulls/${number}`, 'plan-comment', { text, ...COMMENT });
});

test('a run that is cancelled cannot say so any more: the next one does', async () => {
  const { forge } = site();
  const begun = join(folder, 'begun');
  const steps = `steps:
      - uses: srv/config/actions/container-init@main
        with: { repo: '\${{ gitea.repository }}', ref: '\${{ gitea.ref_name }}', token: '\${{ gitea.token }}' }
      - run: touch ${begun}; exec sleep 600
`;
  const long = `on: push\njobs:\n  long:\n    runs-on: shell\n    ${steps}`;
  const files = { '.gitea/workflows/long.yml': long, 'config.env': CONFIG };
  const sha = await pushFiles(forge, REPOSITORY, files, { branch: 'long' });
  await waitFor('its long step', 120_000, async () => (existsSync(begun) ? true : undefined));
  const told = async () => {
    const all = await forge.api.commitStatuses(REPOSITORY, sha);
    return all.find(({ context }) => context === 'pve-gitops / web / plan')?.status;
  };
  expect(await told()).toBe('pending');
  const [running] = await forge.api.runs(REPOSITORY, sha);
  if (running === undefined) throw new Error('no run');
  await cancelRun(forge, REPOSITORY, running.id);
  const run = await forge.api.waitForRunById(REPOSITORY, running.id);
  expect(run.conclusion, await logOfRun(forge, REPOSITORY, run, 'plan/cancelled.log')).toBe('cancelled');
  await push('develop', CONFIG);
  expect(await told()).toBe('error');
});
