import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { addTemplate, dataOf, type Fields, small, startTestNode, type TestNode } from './support/node-client.ts';

// What pve-container does (API2/LXC.pm, create_vm; the same in 5.1 to 6.1) when a restore over a container goes wrong.
let test: TestNode;
let archive = '';
const LOCKED = "can't lock file '/run/lock/lxc/pve-config-100.lock' - got timeout";

beforeAll(async () => {
  test = await startTestNode();
  addTemplate(test);
});

afterAll(() => test.close());

const config = async () => dataOf<Record<string, unknown>>(await test.root.call('GET', '/nodes/pve/lxc/100/config'));
const volumes = () => test.node.core.volumes.owned(100).map(({ name }) => name);
const fields = (): Fields => ({ vmid: 100, ostemplate: archive, restore: 1, force: 1, storage: 'local-btrfs' });
const over = () => test.task(test.root, 'POST', '/nodes/pve/lxc', fields());

beforeEach(async () => {
  const { core } = test.node;
  if (core.guests.has('lxc', 100)) core.guests.remove('lxc', 100);
  for (const { storage, name } of core.volumes.owned(100)) await core.volumes.free(`${storage}:${name}`);
  expect(await test.task(test.root, 'POST', '/nodes/pve/lxc', small(100, { hostname: 'a' }))).toBe('OK');
  if (archive !== '') return;
  const backup = { vmid: 100, storage: 'local', mode: 'stop', compress: 'zstd' };
  expect(await test.task(test.root, 'POST', '/nodes/pve/vzdump', backup)).toBe('OK');
  const content = await test.root.call('GET', '/nodes/pve/storage/local/content', { content: 'backup' });
  archive = dataOf<{ volid: string }[]>(content)[0]?.volid ?? '';
});

afterEach(() => {
  vi.restoreAllMocks();
  test.node.core.tasks.intercept = async () => undefined;
});

describe('while somebody holds the lock file of the container', () => {
  it('the call is refused before there is a task, and nothing is locked', async () => {
    const before = await config();
    const release = await test.node.core.locks.acquire(100);
    const { status, reason } = await test.root.call('POST', '/nodes/pve/lxc', fields());
    release();
    expect([status, reason]).toEqual([500, `unable to restore CT 100 - ${LOCKED}`]);
    expect(await config()).toEqual(before);
    expect(await over()).toBe('OK');
  });

  it.each([
    ['at the begin of the task: it ends, and the lock goes with it', true],
    ['all the time: the lock stays, for root to take off', false],
  ])('%s', async (_name, isFreed) => {
    const before = await config();
    const { locks, tasks } = test.node.core;
    let release: (() => void) | undefined;
    tasks.intercept = async () => {
      release = await locks.acquire(100);
    };
    const real = locks.run.bind(locks);
    const run = vi.spyOn(locks, 'run');
    run.mockImplementation((...given) => {
      if (isFreed && run.mock.calls.length === 2) release?.();
      return real(...given);
    });
    expect(await over()).toBe(LOCKED);
    release?.();
    const { lock, digest: _, ...after } = await config();
    const { digest: _d, ...was } = before;
    expect([lock, after]).toEqual([isFreed ? undefined : 'create', was]);
  });
});

it('that cannot make its disk leaves no container, and the old disk in no config', async () => {
  const disks = volumes();
  test.node.core.volumes.full.add('local-btrfs');
  const end = await over();
  test.node.core.volumes.full.clear();
  expect(end).toMatch(/^unable to restore CT 100 - .*No space left on device/s);
  expect(test.node.core.guests.has('lxc', 100)).toBe(false);
  expect(volumes()).toEqual(disks);
});

it('that finds no archive leaves the container as it was', async () => {
  const before = await config();
  const missing = { ...fields(), ostemplate: 'local:backup/vzdump-lxc-100-x.tar.zst' };
  expect(await test.task(test.root, 'POST', '/nodes/pve/lxc', missing)).toMatch(/does not exist$/);
  expect(await config()).toEqual(before);
});
