import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  APACHE,
  CONTROL,
  type ControlPlaneSite,
  edit,
  headOf,
  LOGIN,
  logOf,
  mergeAndWait,
  openControlPlaneSite,
  openNode,
  RUN_MS,
} from './controlplane-site.ts';
import { GiteaApi } from './gitea-api.ts';
import { page } from './own-node.ts';

/** Two local nodes: on the first a control plane, whose settings name the second one as their Proxmox VE. */

let site: ControlPlaneSite;

beforeAll(async () => {
  site = await openControlPlaneSite({ port: 18_500 });
});
afterAll(async () => {
  await site?.remove();
});

test('with another Proxmox VE in the settings: the control plane is deployed to it, and everything else from there', async () => {
  const { api } = site;
  const target = await openNode(18_800);
  try {
    site.deployTo(target);
    await site.up();
    // Committed here since the links of srv/config were made: it comes along.
    await edit(api, 'srv/apache', 'configure.sh', (text) => text.replaceAll('Hello from', 'Greetings from'));
    await edit(api, 'srv/config', 'README.md', (text) => `${text}\nTo another place.\n`);
    const run = await mergeAndWait(api, 'srv/config', RUN_MS);
    const log = await logOf(site, 'srv/config', run, 'elsewhere');
    expect(run.conclusion, log).toBe('success');
    const url = `http://${target.prefix}.178.41:8080`;
    expect(log).toContain(`srv/apache: merge to deploy  ${url}/srv/apache/pulls/1`);
    const there = new GiteaApi(url, target.inside(CONTROL, 'cat /srv/control-plane/secrets/token'));
    expect((await there.runners()).map(({ status }) => status)).toEqual(['online']);
    const deployed = await mergeAndWait(there, 'srv/apache', RUN_MS);
    const theirs = { ...site, api: there, node: target };
    expect(deployed.conclusion, await logOf(theirs, 'srv/apache', deployed, 'elsewhere-apache')).toBe('success');
    await page(`http://${target.prefix}.178.42/`, `Greetings from ${LOGIN}`);
    expect((await target.containers()).filter((vmid) => vmid < 600_000).toSorted()).toEqual([CONTROL, APACHE]);

    // With AUTO_DEPLOY the forge there merges what waits for people, and this one nothing.
    expect(await site.up({ AUTO_DEPLOY: '1' })).toContain('srv/broker: merged there');
    const release = await headOf(api, 'srv/config', 'release');
    const again = await api.waitForRun('srv/config', release, { event: 'workflow_dispatch' }, RUN_MS);
    const said = await logOf(site, 'srv/config', again, 'auto-deploy');
    expect(again.conclusion, said).toBe('success');
    expect(said).toContain(`srv/broker: merged, its run deploys it  ${url}/srv/broker/actions`);
    const pull = (forge: GiteaApi) => forge.request<{ merged: boolean }>('GET', '/repos/srv/broker/pulls/1');
    expect(await pull(api)).toMatchObject({ merged: false });
    expect(await pull(there)).toMatchObject({ merged: true });
    const merged = await headOf(there, 'srv/broker', 'release');
    const broker = await there.waitForRun('srv/broker', merged, { event: 'push' }, RUN_MS);
    expect(broker.conclusion, await logOf(theirs, 'srv/broker', broker, 'auto-deploy-broker')).toBe('success');
    expect(await target.containers()).toContain(1043);
  } finally {
    await target.remove();
  }
});
