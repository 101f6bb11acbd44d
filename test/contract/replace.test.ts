import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseDescription } from '../../src/model/mark.ts';
import { volumeOf } from '../../src/model/property-string.ts';
import { CliSite } from './support/cli.ts';
import { dataOf } from './support/node-client.ts';

/** A replace keeps what cannot be made again, whatever it is for; what fails leaves the old container serving. */

const LIVE = 1042;
const CANDIDATE = 901_042;
let site: CliSite;
let directory: string;

beforeAll(async () => {
  site = await CliSite.open();
  const { root } = { root: site.client };
  const made = await root.call('POST', '/storage', {
    storage: 'other-lvm',
    type: 'lvmthin',
    vgname: 'other',
    thinpool: 'data',
    content: 'rootdir,images',
  });
  expect([200, 501]).toContain(made.status);
});
afterAll(() => site.close());

const DEFINITION = {
  vmid: String(LIVE),
  hostname: 'apache',
  ip: '192.168.178.42',
  disk: 'local-lvm:8',
  protection: 'true',
};

function define(changes: Readonly<Record<string, string | undefined>> = {}, script = 'one'): void {
  const values = Object.entries({ ...DEFINITION, ...changes }).filter(([, value]) => value !== undefined);
  const text = `${values.map(([key, value]) => `${key}: ${value}`).join('\n')}
volumes:
  data: { path: /srv/data, disk: "local-lvm:1" }
  cache: { path: /srv/cache, disk: "local-lvm:2", backup: no }
`;
  const files = { 'config.env': null, 'container.yml': text, 'configure.sh': `#!/bin/sh\n# ${script}\n` };
  directory = site.definition('apache', files);
  writeFileSync(join(directory, 'container.yml'), text);
}

const config = async (vmid = LIVE) => (await site.config(vmid)) as Readonly<Record<string, string>> | undefined;
const at = async (key: string) => volumeOf((await config())?.[key] ?? '');
const content = async (volid: string) =>
  (await site.control('GET', `content?volid=${encodeURIComponent(volid)}`)) as Readonly<Record<string, string>>;
const mark = async () => parseDescription(String((await config())?.description)).mark;
const status = async (vmid = LIVE) =>
  dataOf<{ readonly status: string }>(await site.client.call('GET', `/nodes/pve/lxc/${vmid}/status/current`)).status;
const stored = async (kind: string) =>
  dataOf<readonly { readonly volid: string; readonly vmid: number; readonly notes?: string }[]>(
    await site.client.call(
      'GET',
      `/nodes/pve/storage/${kind === 'backup' ? 'local' : 'local-lvm'}/content?content=${kind}`,
    ),
  );

async function put(key: string, text: string): Promise<void> {
  await site.control('PUT', 'content', { volid: await at(key), path: 'file', text });
}

const script = (exitCode: number) =>
  site.control('PUT', 'answers', { name: 'configure.sh', exitCode, stderr: `pve-gitops: ended ${exitCode}\n` });

async function clear(): Promise<void> {
  await site.control('DELETE', 'faults');
  await script(0);
  for (const vmid of [LIVE, CANDIDATE]) await site.control('DELETE', 'lxc', { vmid });
  await site.control('DELETE', 'files', { storage: 'local', name: 'backup/' });
}

async function deployed(): Promise<void> {
  await clear();
  define();
  const first = await site.run(['deploy', directory]);
  expect(first.code === 0 ? '' : first.text).toBe('');
  await put('mp0', 'of data');
  await put('mp1', 'of cache');
}

describe('a replace of a container with volumes', () => {
  beforeEach(deployed, 60_000);

  it('is planned with what is kept, where the candidate comes up, and how long nobody serves', async () => {
    define({ disk: 'local-lvm:4' });
    const plan = await site.run(['plan', directory]);
    expect(plan.text).toContain('replace');
    expect(plan.text).toContain(`container ${CANDIDATE} with an address from DHCP`);
    expect(plan.text).toMatch(/nobody serves while it takes its place: about \d+ s/);
    expect(plan.text).toContain('kept with its content: the volume at /srv/data');
    expect(plan.code).toBe(0);
  });

  it('shrinks the disk: volumes, MAC, protection and names stay; nothing is left over', async () => {
    const before = await config();
    const keys = (await mark())?.hostKeys;
    await site.control('PUT', 'answers', { name: 'read host keys', exitCode: 0, stdout: 'a2V5cw==\n' });
    define({ disk: 'local-lvm:4' }, 'two');
    const end = await site.run(['deploy', directory]);
    expect(end.code === 0 ? '' : end.text).toBe('');
    const after = await config();
    expect(after?.rootfs).toContain('size=4G');
    expect([after?.net0, after?.protection, after?.hostname]).toEqual([before?.net0, before?.protection, 'apache']);
    expect(await content(await at('mp0'))).toMatchObject({ file: 'of data' });
    expect(await content(await at('mp1'))).toMatchObject({ file: 'of cache' });
    const now = await mark();
    expect(now?.volumes).toEqual({ data: await at('mp0'), cache: await at('mp1') });
    expect([now?.promotion, now?.lease, now?.role]).toEqual([undefined, undefined, 'live']);
    expect(now?.hostKeys).toEqual(keys);
    expect(await status()).toBe('running');
    expect(await config(CANDIDATE)).toBeUndefined();
    expect((await stored('rootdir')).map(({ vmid }) => vmid)).toEqual([LIVE, LIVE, LIVE]);
    expect((await stored('backup')).map(({ vmid }) => vmid)).toEqual([LIVE]);
    const again = await site.run(['deploy', directory]);
    expect(again.text).toContain('nothing to change');
  });
});
