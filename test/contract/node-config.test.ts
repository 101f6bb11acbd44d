import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  addTemplate,
  dataOf,
  type Fields,
  type NodeClient,
  type Reply,
  small,
  startTestNode,
  type TestNode,
  tokenClient,
} from './support/node-client.ts';

const CONFIG = '/nodes/pve/lxc/100/config';
const NET0 = 'name=eth0,bridge=vmbr0,gw=10.88.0.1,hwaddr=BC:24:11:FD:99:1E,ip=10.88.0.100/24,type=veth';

let test: TestNode;
let root: NodeClient;

const put = (fields: Fields): Promise<Reply> => root.call('PUT', CONFIG, fields);
const config = async (fields: Fields = {}) => dataOf<Record<string, unknown>>(await root.call('GET', CONFIG, fields));
const pending = async () => {
  const entries = dataOf<{ key: string }[]>(await root.call('GET', '/nodes/pve/lxc/100/pending'));
  return Object.fromEntries(entries.map(({ key, ...rest }) => [key, rest]));
};

beforeAll(async () => {
  test = await startTestNode();
  root = await tokenClient(test.root, 'root@pam!gitops', { privsep: 0 });
  addTemplate(test);
});

afterAll(() => test.close());

beforeEach(async () => {
  const { core } = test.node;
  if (core.guests.has('lxc', 100)) {
    await core.backend.forget(100);
    for (const { storage, name } of core.volumes.owned(100)) await core.volumes.free(`${storage}:${name}`);
    core.guests.remove('lxc', 100);
  }
  const fields = { hostname: 'ct100', features: 'nesting=1', mp0: 'local-btrfs:1,mp=/data', net0: NET0 };
  expect(await test.task(root, 'POST', '/nodes/pve/lxc', small(100, fields))).toBe('OK');
});

const start = () => test.task(root, 'POST', '/nodes/pve/lxc/100/status/start');

describe('a change', () => {
  it('is refused with a digest that is not the file’s', async () => {
    const { digest } = await config();
    expect((await put({ memory: 256, digest: String(digest) })).status).toBe(200);
    const stale = await put({ memory: 300, digest: String(digest) });
    const text = 'detected modified configuration - file changed by other user? Try again.';
    expect([stale.status, stale.reason]).toEqual([500, text]);
    expect(await config()).toMatchObject({ memory: 256 });
  });

  it('normalises tags, description and networks', async () => {
    await put({
      tags: 'Prod;web,db prod;2x',
      description: 'line1\nline2 ä # <b>x</b>',
      net1: 'name=eth1,bridge=vmbr0',
    });
    const now = await config();
    expect(now).toMatchObject({ tags: '2x;db;prod;web', description: 'line1\nline2 ä # <b>x</b>\n' });
    expect(now.net1).toMatch(/^name=eth1,bridge=vmbr0,hwaddr=BC:24:11(:[0-9A-F]{2}){3},type=veth$/);
  });

  it('stores empty values as a blank, and drops an empty description (rows 299 to 302)', async () => {
    await put({ tags: '', nameserver: '', description: '' });
    const now = await config();
    expect(now).toMatchObject({ tags: ' ', nameserver: ' ' });
    expect(now).not.toHaveProperty('description');
  });

  it.each<[string, Fields, number, string | Record<string, string>]>([
    ['no option', {}, 500, 'no options specified'],
    ['408', { unprivileged: 0 }, 500, "unable to modify read-only option: 'unprivileged'"],
    ['414', { delete: 'nope' }, 400, { delete: "unknown option 'nope'" }],
    ['416', { delete: 'hostname,memory' }, 500, "unable to delete required option 'memory'"],
    ['417', { delete: 'rootfs' }, 500, "unable to delete required option 'rootfs'"],
    [
      '418',
      { delete: 'memory', memory: 256 },
      400,
      { delete: "you can't use '-memory' and -delete memory' at the same time" },
    ],
    ['1154', { delete: 'unprivileged,onboot' }, 500, "unable to delete read-only option: 'unprivileged'"],
    ['473', { mp3: 'nope:1,mp=/x' }, 500, "storage 'nope' does not exist"],
  ])('is refused as recorded (row %s)', async (_row, fields, status, expected) => {
    const before = await config();
    const reply = await put(fields);
    expect(reply.status).toBe(status);
    if (typeof expected === 'string') expect(reply.reason).toBe(expected);
    else expect(reply.body?.errors).toEqual(expected);
    expect(await config()).toEqual(before);
  });

  it('is refused while the container is locked, and the lock cannot be taken off', async () => {
    await put({ lock: 'backup' });
    expect((await put({ memory: 200 })).reason).toBe('CT is locked (backup)');
    expect((await put({ delete: 'lock' })).reason).toBe('CT is locked (backup)');
    expect((await root.call('DELETE', '/nodes/pve/lxc/100', { force: 1 })).reason).toBe('CT is locked (backup)');
    expect(await start()).toBe('CT is locked (backup)');
  });

  it('is kept from drives and destroys by protection', async () => {
    await put({ protection: 1 });
    expect((await root.call('DELETE', '/nodes/pve/lxc/100', { force: 1 })).reason).toBe(
      "can't remove CT 100 - protection mode enabled",
    );
    expect((await put({ delete: 'mp0' })).reason).toBe("can't remove CT 100 drive 'mp0' - protection mode enabled");
  });

  it('waits for the config lock, and gives up (row 900)', async () => {
    const release = await test.node.core.locks.acquire(100);
    const late = await put({ memory: 140 });
    expect(late.reason).toBe("can't lock file '/run/lock/lxc/pve-config-100.lock' - got timeout");
    release();
    expect((await put({ memory: 140 })).status).toBe(200);
  });
});

describe('a change of a stopped container', () => {
  it('applies at once; a detached volume becomes unused, an unused one is freed', async () => {
    await put({ features: 'nesting=0', delete: 'mp0' });
    const now = await config();
    expect(now).toMatchObject({ features: 'nesting=0', unused0: 'local-btrfs:100/vm-100-disk-1.raw' });
    expect(now).not.toHaveProperty('mp0');
    await put({ delete: 'unused0' });
    expect(test.node.core.volumes.owned(100).map(({ name }) => name)).toEqual(['100/vm-100-disk-0.raw']);
  });

  it('stores an interface on an unknown bridge and says no (rows 777 and 1181)', async () => {
    const reply = await put({ memory: 150, net3: 'name=eth3,bridge=vmbr77' });
    expect([reply.status, reply.reason]).toEqual([500, "bridge 'vmbr77' does not exist"]);
    expect(await config()).toMatchObject({ memory: 150, net3: expect.stringContaining('vmbr77') as string });
    expect(await start()).toBe("bridge 'vmbr77' does not exist");
  });
});

describe('a change of a running container', () => {
  beforeEach(async () => {
    expect(await start()).toBe('OK');
  });

  it('applies limits, names and interfaces now, the rest waits for a restart (rows 453 to 467)', async () => {
    await put({
      cores: 2,
      cpulimit: 1,
      cpuunits: 200,
      description: 'a\nb',
      hostname: 'newname',
      onboot: 1,
      swap: 64,
      tags: 'a;B;a',
    });
    expect(Object.values(await pending()).some((entry) => 'pending' in entry)).toBe(false);
    await put({
      cmode: 'shell',
      nameserver: '10.88.0.1',
      searchdomain: 'x.org',
      timezone: 'Europe/Berlin',
      tty: 1,
      features: 'nesting=0',
    });
    expect(await pending()).toMatchObject({
      nameserver: { pending: '10.88.0.1' },
      searchdomain: { pending: 'x.org' },
      timezone: { pending: 'Europe/Berlin' },
      cmode: { pending: 'shell' },
      tty: { pending: 1 },
      features: { value: 'nesting=1', pending: 'nesting=0' },
    });
    expect(await config()).toMatchObject({ features: 'nesting=0', tty: 1 });
    expect(await config({ current: 1 })).toMatchObject({ features: 'nesting=1', cpulimit: '1' });
    await put({ delete: 'mp0' });
    expect(await pending()).toMatchObject({ mp0: { delete: 1 } });
    await put({ revert: 'features,tty' });
    expect(await pending()).toMatchObject({ features: { value: 'nesting=1' } });
    expect(await test.task(root, 'POST', '/nodes/pve/lxc/100/status/reboot')).toBe('OK');
    const after = await config({ current: 1 });
    expect(after).toMatchObject({
      cmode: 'shell',
      nameserver: '10.88.0.1',
      unused0: 'local-btrfs:100/vm-100-disk-1.raw',
    });
    expect(after).not.toHaveProperty('mp0');
    expect(Object.values(await pending()).some((entry) => 'pending' in entry || 'delete' in entry)).toBe(false);
  });

  it('makes a new MAC when none is given (rows 444 and 448)', async () => {
    await put({ net0: 'name=eth0,bridge=vmbr0,ip=10.88.0.110/24,gw=10.88.0.1' });
    expect((await config()).net0).not.toContain('BC:24:11:FD:99:1E');
    await put({ net0: NET0 });
    expect((await config()).net0).toBe(NET0);
  });

  it('keeps nothing of an interface that cannot be plugged (rows 451 and 454)', async () => {
    const reply = await put({ net2: 'name=eth2,bridge=vmbr77' });
    expect(reply.status).toBe(400);
    expect(reply.body?.errors).toEqual({ net2: "unable to hotplug net2: bridge 'vmbr77' does not exist\n" });
    expect(await pending()).not.toHaveProperty('net2');
  });

  it('makes and mounts a new volume inside the call', async () => {
    await put({ mp1: 'local-btrfs:1,mp=/data2' });
    expect(await config({ current: 1 })).toMatchObject({ mp1: 'local-btrfs:100/vm-100-disk-2.raw,mp=/data2,size=1G' });
  });

  it('grows a volume by a task', async () => {
    const resize = (fields: Fields) => root.call('PUT', '/nodes/pve/lxc/100/resize', fields);
    expect(await test.task(root, 'PUT', '/nodes/pve/lxc/100/resize', { disk: 'mp0', size: '+512M' })).toBe('OK');
    expect(await config()).toMatchObject({ mp0: 'local-btrfs:100/vm-100-disk-1.raw,mp=/data,size=1536M' });
    expect((await resize({ disk: 'mp0', size: '1G' })).reason).toBe('unable to shrink disk size');
    const missing = await resize({ disk: 'mp9', size: '+1G' });
    expect([missing.status, missing.body?.message]).toEqual([500, 'format error\n']);
    expect(Object.keys(missing.body?.errors ?? {}).sort()).toEqual(['mp', 'volume']);
  });
});
