import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeLocalNode } from '../../local/cli/local-node.ts';
import { type ConnectedPorts, connect, connectMask } from '../../src/connect.ts';
import { define } from '../../src/deploy.ts';
import { openJob } from '../../src/jobs/container.ts';
import { formatDescription, type Mark, parseDescription } from '../../src/model/mark.ts';
import type { Event } from '../../src/model/ports.ts';
import type { RunOptions } from '../../src/run.ts';
import { resolveSettings } from '../../src/settings/resolve.ts';
import { CliSite } from './support/cli.ts';
import { dataOf } from './support/node-client.ts';

/** Jobs on a simulated node: made for one run, gone after it, and never in the place of anybody else. */

let site: CliSite;
let ports: ConnectedPorts;
let options: RunOptions;
const told: Event[] = [];

beforeAll(async () => {
  site = await CliSite.open();
  const local = describeLocalNode(site.state);
  if (local === undefined) throw new Error('the node is not there');
  const { settings } = resolveSettings(
    { flags: {}, environment: {}, files: [], local: { origin: 'local node', values: local.settings } },
    { stateDirectory: site.state, read: (path) => readFileSync(path, 'utf8') },
  );
  const reporter = { tell: (event: Event) => void told.push(event) };
  ports = await connect(settings, {
    reporter,
    mask: connectMask(),
    ...(local.control === undefined ? {} : { simulated: local.control }),
  });
  const who = { name: 'apache', owner: 'srv/apache', stage: 'main' };
  const desired = await define(ports, settings, site.definition('apache'), who);
  options = { settings, desired, scope: 'all', signal: new AbortController().signal };
});
afterAll(async () => {
  await ports?.close();
  await site?.close();
});

const vmids = async (): Promise<readonly number[]> =>
  dataOf<{ vmid: number }[]>(await site.client.call('GET', '/nodes/pve/lxc'))
    .map(({ vmid }) => Number(vmid))
    .toSorted((a, b) => a - b);
const mark = async (vmid: number): Promise<Mark | undefined> =>
  parseDescription(String((await site.config(vmid))?.description)).mark;
const notes = (): string[] => told.flatMap((event) => (event.kind === 'note' ? [event.text] : []));
const images = (mode: 'off' | 'build'): RunOptions => ({
  ...options,
  settings: { ...options.settings, images: { mode, vmidBase: 800_000, maxAgeDays: 14 } },
});
const TARGET = { vmid: 1042, node: 'pve' };
const JOB = 701_042;

beforeEach(() => {
  told.splice(0);
});

describe('a job', () => {
  it('from a template: its mark says what it is, and it goes when it is closed', async () => {
    const job = await openJob(ports, images('off'), TARGET);
    expect(job.vmid).toBe(JOB);
    const config = await site.config(JOB);
    expect(config).toMatchObject({ hostname: 'job-1042', onboot: 0, unprivileged: 1 });
    const found = await mark(JOB);
    expect(found).toMatchObject({ role: 'job', vmid: JOB, name: 'job-1042', site: 'local' });
    expect(Date.parse(found?.expires ?? '') - Date.now()).toBeGreaterThan(3600_000);
    await job.close();
    expect(await vmids()).not.toContain(JOB);
  });

  it('with programs: the first one builds their image, the next one is cloned from it', async () => {
    const first = await openJob(ports, images('build'), { ...TARGET, programs: 'ansible' });
    await first.close();
    expect(await vmids()).toEqual([800_000]);
    expect(await mark(800_000)).toMatchObject({ role: 'image', image: { kind: 'debian-13-ansible' } });
    await site.control('DELETE', 'calls');
    const second = await openJob(ports, images('build'), { ...TARGET, programs: 'ansible' });
    expect(await mark(JOB)).toMatchObject({ role: 'job', vmid: JOB });
    const { net0 } = (await site.config(JOB)) ?? {};
    await second.close();
    const calls = Object.keys((await site.control('GET', 'calls')) as Readonly<Record<string, number>>);
    expect(calls.filter((name) => / \/nodes\//.test(name) && !name.startsWith('GET ')).toSorted()).toEqual([
      'DELETE /nodes/pve/lxc/701042',
      'POST /nodes/pve/lxc/701042/status/shutdown',
      'POST /nodes/pve/lxc/701042/status/start',
      'POST /nodes/pve/lxc/800000/clone',
      'PUT /nodes/pve/lxc/701042/config',
      'PUT /nodes/pve/lxc/701042/resize',
    ]);
    // The same address leads to the same MAC address each time.
    const third = await openJob(ports, images('off'), TARGET);
    expect(/hwaddr=([^,]+)/.exec(String((await site.config(JOB))?.net0))?.[1]).toBe(
      /hwaddr=([^,]+)/.exec(String(net0))?.[1],
    );
    await third.close();
    expect(await vmids()).toEqual([800_000]);
  });

  it('that a killed run left makes room, and so does one of another container that has expired', async () => {
    const left = await openJob(ports, images('off'), TARGET);
    const other = await openJob(ports, images('off'), { ...TARGET, vmid: 1043 });
    const young = await openJob(ports, images('off'), { ...TARGET, vmid: 1044 });
    const old = await mark(other.vmid);
    if (old === undefined) throw new Error('no mark');
    const description = formatDescription('', { ...old, expires: new Date(Date.now() - 1000).toISOString() });
    await site.client.call('PUT', `/nodes/pve/lxc/${other.vmid}/config`, { description });
    const job = await openJob(ports, images('off'), TARGET);
    expect(notes().filter((note) => note.includes('left by an earlier run'))).toEqual([
      'job 701042 was left by an earlier run: it is destroyed',
      'job 701043 was left by an earlier run: it is destroyed',
    ]);
    expect(await vmids()).toEqual([JOB, young.vmid, 800_000]);
    await Promise.all([job.close(), young.close(), left.shell.close()]);
  });

  it('whose vmid somebody else has is refused, and that container is left alone', async () => {
    const template = 'local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst';
    const made = await site.client.call('POST', '/nodes/pve/lxc', {
      vmid: JOB,
      ostemplate: template,
      hostname: 'job-1042',
      rootfs: 'local-lvm:1',
    });
    expect(made.status).toBe(200);
    await expect(openJob(ports, images('off'), TARGET)).rejects.toMatchObject({ kind: 'not-ours' });
    expect(await vmids()).toContain(JOB);
  });

  it('on another node is cloned from the image of a storage that both have', async () => {
    await site.control('PUT', 'members', { nodes: ['pve2'] });
    const body = { storage: 'both', type: 'btrfs', path: '/srv/both', content: 'rootdir,images', shared: 1 };
    dataOf(await site.client.call('POST', '/storage', body));
    const { settings, ...rest } = images('build');
    const shared = { ...rest, settings: { ...settings, storage: 'both' } };
    const here = await openJob(ports, shared, { vmid: 1045, node: 'pve' });
    await here.close();
    await site.control('DELETE', 'calls');
    const there = await openJob(ports, shared, { vmid: 1046, node: 'pve2' });
    const reply = await site.client.call('GET', `/nodes/pve2/lxc/${there.vmid}/config`);
    expect(dataOf<{ rootfs: string }>(reply).rootfs).toMatch(/^both:/);
    const calls = (await site.control('GET', 'calls')) as Readonly<Record<string, number>>;
    expect(Object.keys(calls).filter((name) => name.endsWith('/clone'))).toEqual(['POST /nodes/pve/lxc/800001/clone']);
    await there.close();
    expect(dataOf(await site.client.call('GET', '/nodes/pve2/lxc'))).toEqual([]);
    await site.control('PUT', 'members', { nodes: [] });
  });

  it('without an address is refused before anything is made', async () => {
    const none = images('off');
    const settings = { ...none.settings, candidateAddresses: 'none' as const };
    const wish = { ...TARGET, vmid: 1045 };
    await expect(openJob(ports, { ...none, settings }, wish)).rejects.toThrow(/candidate_addresses says none/);
    expect(await vmids()).not.toContain(701_045);
  });
});
