import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeLocalNode } from '../../local/cli/local-node.ts';
import { formatDescription, type Mark, parseDescription } from '../../src/model/mark.ts';
import { nested } from '../../src/settings/nested.ts';
import { CliSite } from './support/cli.ts';
import { dataOf } from './support/node-client.ts';

/** Base images: built by the first container that needs one, cloned for each further one, pruned when nobody needs them. */

let site: CliSite;
let directory: string;

beforeAll(async () => {
  site = await CliSite.open();
  site.images = 'build';
  directory = site.definition('apache');
});
afterAll(() => site.close());

interface Listed {
  readonly vmid: number;
  readonly template?: number;
}

const guests = async (): Promise<readonly number[]> =>
  dataOf<readonly Listed[]>(await site.client.call('GET', '/nodes/pve/lxc'))
    .map(({ vmid }) => Number(vmid))
    .toSorted((a, b) => a - b);

const mark = async (vmid: number): Promise<Mark | undefined> =>
  parseDescription(String((await site.config(vmid))?.description)).mark;

async function call(method: string, path: string, fields: Readonly<Record<string, string | number>> = {}) {
  const reply = await site.client.call(method, path, fields);
  expect(`${path} ${reply.status} ${JSON.stringify(reply.body?.errors ?? '')}`).toContain(`${path} 200`);
  const upid = String(reply.body?.data ?? '');
  const status = async () =>
    dataOf<{ status: string }>(await site.client.call('GET', `/nodes/pve/tasks/${upid}/status`));
  while (upid.startsWith('UPID') && (await status()).status !== 'stopped');
}

/** What is the same however a container was made. */
async function likeness(vmid: number): Promise<unknown> {
  const { digest: _, description, net0, rootfs, ...rest } = (await site.config(vmid)) ?? {};
  const { hostKeys, lease, ...known } = parseDescription(String(description)).mark ?? { hostKeys: [] };
  return {
    ...rest,
    net0: String(net0).replace(/hwaddr=[0-9A-F:]+/i, 'hwaddr=…'),
    rootfs: String(rootfs).replace(/[^:,]*-disk-\d+/, 'disk'),
    mark: { ...known, keys: hostKeys.length > 0, lease },
  };
}

async function reset(): Promise<void> {
  await site.control('DELETE', 'faults');
  for (const vmid of await guests()) {
    await call('POST', `/nodes/pve/lxc/${vmid}/status/stop`).catch(() => undefined);
    await call('DELETE', `/nodes/pve/lxc/${vmid}`);
  }
}

const deploy = async (what = directory): Promise<string> => {
  const end = await site.run(['deploy', what]);
  expect({ code: end.code, text: end.code === 0 ? '' : end.text }).toEqual({ code: 0, text: '' });
  return end.text;
};

describe('the first container of a node', () => {
  beforeEach(reset);

  it('builds the image, says so in its plan, and is cloned from it', async () => {
    const plan = await site.run(['plan', directory]);
    expect(plan.text).toMatch(/build base image debian-13-[0-9a-f]{12}/);
    expect(await guests()).toEqual([]);
    await deploy();
    expect(await guests()).toEqual([1042, 800_000]);
    expect(await site.config(800_000)).toMatchObject({ template: 1, onboot: 0 });
    expect(await mark(800_000)).toMatchObject({
      role: 'image',
      vmid: 800_000,
      image: { kind: 'debian-13', for: 1042 },
    });
    expect((await mark(800_000))?.lease).toBeUndefined();
    expect((await mark(1042))?.hostKeys).not.toEqual((await mark(800_000))?.hostKeys);
    expect((await site.run(['deploy', directory])).text).toContain('nothing to change');
  });

  it('is what it would be from its template', async () => {
    await deploy();
    const cloned = await likeness(1042);
    await reset();
    const end = await site.run(['deploy', directory], { PVE_GITOPS_IMAGES: 'off' });
    expect(end.code).toBe(0);
    expect(await guests()).toEqual([1042]);
    expect(cloned).toEqual(await likeness(1042));
  });

  it('is made from its template when the image cannot be built, and nothing of that is left', async () => {
    await site.control('POST', 'faults', {
      kind: 'task-failure',
      text: 'no room',
      match: { task: 'vzcreate', id: '800000' },
    });
    const said = await deploy();
    expect(said).toMatch(/no image: .*the container is made from its template/);
    expect(await guests()).toEqual([1042]);
  });
});

describe('a further container', () => {
  beforeAll(async () => {
    await reset();
    await deploy();
  });

  const broker = (disk = 'local-lvm:4'): string => {
    const config = site.readDefinition('broker', 'config.env').replace(/^DISK=.*$/m, `DISK=${disk}`);
    return site.definition('broker', { 'config.env': config });
  };
  const calls = async () => (await site.control('GET', 'calls')) as Readonly<Record<string, number>>;
  const gone = async (): Promise<void> => {
    await site.run(['destroy', broker(), '--yes']);
  };

  it('is a linked clone: nothing is created, and the plan says from what', async () => {
    const plan = await site.run(['plan', broker()]);
    expect(plan.text).toMatch(/clone container 1043 from image debian-13-\w+/);
    expect(plan.text).toMatch(/template: clone from image debian-13-\w+ \(built \d+ minutes? ago\)/);
    await site.control('DELETE', 'calls');
    await deploy(broker());
    const seen = await calls();
    expect(seen['POST /nodes/pve/lxc'] ?? 0).toBe(0);
    expect(Object.entries(seen).filter(([path]) => path.endsWith('/clone'))).toEqual([
      ['POST /nodes/pve/lxc/800000/clone', 1],
    ]);
    expect(await site.config(1043)).toMatchObject({ memory: 512, hostname: 'broker' });
    expect(String((await site.config(1043))?.rootfs)).toContain('size=4G');
    expect(await mark(1043)).toMatchObject({ vmid: 1043, role: 'live', name: 'broker' });
    expect(await mark(1043)).not.toHaveProperty('borrowedKeys');
    await gone();
  });

  it('on a storage without linked clones is a full one', async () => {
    await call('POST', '/storage', { storage: 'slow', type: 'dir', path: '/srv/slow', content: 'rootdir' });
    const said = await site.run(['plan', broker('slow:4')]);
    expect(said.text).toMatch(/full clone from image/);
    await deploy(broker('slow:4'));
    expect(String((await site.config(1043))?.rootfs)).toMatch(/^slow:.*size=4G/);
    await gone();
  });

  it('that is smaller than the image is made from its template', async () => {
    await deploy(broker('local-lvm:1'));
    expect(String((await site.config(1043))?.rootfs)).toContain('size=1G');
    await gone();
  });

  it('waits for an image that is locked', async () => {
    await site.control('POST', 'faults', { kind: 'lock', vmid: 800_000, lock: 'backup' });
    const running = site.start(['deploy', broker()]);
    const tried = async () => (await calls())['POST /nodes/pve/lxc/800000/clone'] ?? 0;
    await site.control('DELETE', 'calls');
    await running.when(async () => (await tried()) > 1);
    await site.control('DELETE', 'faults');
    expect((await running.ended).code).toBe(0);
    expect((await calls())['POST /nodes/pve/lxc'] ?? 0).toBe(0);
    await gone();
  });
});

describe('a container that is made anew', () => {
  const CANDIDATE = 901_042;
  const clones = async () =>
    ((await site.control('GET', 'calls')) as Readonly<Record<string, number>>)['POST /nodes/pve/lxc/800000/clone'] ?? 0;

  beforeEach(async () => {
    await reset();
    await deploy();
    await site.control('DELETE', 'calls');
  });

  it('has a candidate that is cloned', async () => {
    const before = await likeness(1042);
    const end = await site.run(['rebuild', directory]);
    expect({ code: end.code, text: end.code === 0 ? '' : end.text }).toEqual({ code: 0, text: '' });
    expect(await clones()).toBe(1);
    expect(await guests()).toEqual([1042, 800_000]);
    expect(await mark(1042)).not.toHaveProperty('borrowedKeys');
    expect(await mark(1042)).not.toHaveProperty('unfinished');
    expect(await likeness(1042)).toMatchObject(before as object);
  });

  it('whose candidate was cut off between its clone and its config: the next run gives it its config', async () => {
    const path = `/nodes/pve/lxc/${CANDIDATE}/resize`;
    await site.control('POST', 'faults', { kind: 'refused', match: { method: 'PUT', path } });
    const running = site.start(['rebuild', directory]);
    await running.when(async () => (await mark(CANDIDATE))?.unfinished === true);
    running.kill();
    await running.ended;
    await site.control('DELETE', 'faults');
    expect(await mark(CANDIDATE)).toMatchObject({ role: 'candidate', unfinished: true });
    await deploy();
    expect(await clones()).toBe(1);
    expect(await guests()).toEqual([1042, 800_000]);
  });
});

describe('SIGKILL', () => {
  it('at every write of a first deploy: run again, one image, one container, same end state', async () => {
    await reset();
    await site.control('DELETE', 'calls');
    await deploy();
    const whole = await likeness(1042);
    const counts = (await site.control('GET', 'calls')) as Readonly<Record<string, number>>;
    const moments = Object.entries(counts)
      .filter(([path]) => !path.startsWith('GET '))
      .flatMap(([path, count]) => Array.from({ length: count }, (_, index) => ({ path, nth: index + 1 })));
    let killed = 0;
    for (const { path, nth } of moments) {
      await reset();
      await site.control('DELETE', 'calls');
      // In flight: what was asked for happens when its sender is dead.
      const match = { method: path.split(' ')[0], path: path.split(' ')[1], nth, times: 1 };
      await site.control('POST', 'faults', { kind: 'delay', milliseconds: 200, match });
      const running = site.start(['deploy', directory]);
      let ended = false;
      void running.ended.then(() => {
        ended = true;
      });
      const reached = async () => (((await site.control('GET', 'calls')) as typeof counts)[path] ?? 0) >= nth;
      while (!ended && !(await reached()));
      if (!ended) killed += 1;
      running.kill();
      await running.ended;
      await deploy();
      expect({ path, nth, guests: await guests() }).toEqual({ path, nth, guests: [1042, 800_000] });
      expect({ path, nth, state: await likeness(1042) }).toEqual({ path, nth, state: whole });
      expect(await site.config(800_000)).toMatchObject({ template: 1 });
    }
    console.log(`killed at ${killed} of ${moments.length} writes`);
    expect(killed).toBeGreaterThanOrEqual(Math.floor(moments.length * 0.7));
  }, 900_000);
});

describe('prune', () => {
  it('removes old images of this site, and nothing else', async () => {
    await reset();
    await deploy();
    for (const _ of [1, 2]) expect((await site.run(['image', 'build', '--force'])).code).toBe(0);
    const image = String((await site.config(800_000))?.description);
    // Somebody's own container, a copy of an image, and an image of another site, all where images are.
    const foreign = { ...((await mark(800_000)) as Mark), site: 'elsewhere', vmid: 800_009 };
    const made = { ostemplate: 'local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst', rootfs: 'local-lvm:1' };
    await call('POST', '/nodes/pve/lxc', { vmid: 800_007, ...made });
    await call('POST', '/nodes/pve/lxc', { vmid: 800_008, ...made, description: image });
    await call('POST', '/nodes/pve/lxc', { vmid: 800_009, ...made, description: formatDescription('', foreign) });
    const listed = await site.run(['image', 'list']);
    expect(listed.stdout.match(/ current /g)).toHaveLength(1);
    expect(listed.stdout.match(/ old /g)).toHaveLength(2);
    const before = await guests();
    expect((await site.run(['image', 'prune'])).stdout).toContain('kept until it is 7');
    expect((await site.run(['image', 'prune', '--older-than', '0', '--dry-run'])).stdout).toContain('would go');
    expect(await guests()).toEqual(before);
    expect((await site.run(['image', 'prune', '--older-than', '0'])).code).toBe(0);
    expect(await guests()).toEqual([1042, 800_002, 800_007, 800_008, 800_009]);
    expect((await site.run(['status'])).stdout).not.toContain('debian-13-');
  });
});

describe('the task of a forge', () => {
  const task = async () => {
    const node = describeLocalNode(site.state);
    const config = join(site.folder, 'task.json');
    writeFileSync(config, JSON.stringify(nested({ ...node?.settings })), { mode: 0o600 });
    const { PATH = '', HOME = '' } = process.env;
    const env = { PATH, HOME, PVE_GITOPS_CONFIG: config, PVE_GITOPS_STATE_DIRECTORY: site.state, INPUT_TASK: 'images' };
    const action = join(import.meta.dirname, '..', '..', 'build', 'actions', 'fleet', 'main.js');
    return await promisify(execFile)(process.execPath, [action], { env, cwd: site.folder });
  };

  it('leaves what is new enough, and removes what was never finished', async () => {
    await reset();
    await deploy();
    expect((await site.run(['image', 'build', '--force'])).code).toBe(0);
    const unfinished = { ...((await mark(800_000)) as Mark), vmid: 800_003 };
    const made = { ostemplate: 'local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst', rootfs: 'local-lvm:1' };
    await call('POST', '/nodes/pve/lxc', { vmid: 800_003, ...made, description: formatDescription('', unfinished) });
    const { stdout } = await task();
    expect(stdout).toMatch(/left +debian-13-[0-9a-f]{12}, template 800001: new enough on pve/);
    expect(stdout).toMatch(/renewed +debian-13-[0-9a-f]{12}, template 800003: removed: it was never finished/);
    expect(stdout).toMatch(/images: \d images/);
    expect(await guests()).toEqual([1042, 800_000, 800_001]);
  });
});
