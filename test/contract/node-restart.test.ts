import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { addTemplate, dataOf, small, startTestNode, type TestNode } from './support/node-client.ts';

const directories: string[] = [];
const nodes: TestNode[] = [];

const open = async (state: string): Promise<TestNode> => {
  const test = await startTestNode({ state });
  nodes.push(test);
  return test;
};
const directory = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'pve-node-'));
  directories.push(made);
  return made;
};

afterEach(async () => {
  for (const test of nodes.splice(0)) await test.close();
  for (const made of directories.splice(0)) rmSync(made, { recursive: true, force: true });
});

describe('a restart', () => {
  it('loses nothing', async () => {
    const state = directory();
    const first = await open(state);
    addTemplate(first);
    await first.task(
      first.root,
      'POST',
      '/nodes/pve/lxc',
      small(100, { description: 'kept ä', net0: 'name=eth0,bridge=vmbr0' }),
    );
    await first.task(first.root, 'POST', '/nodes/pve/lxc/100/status/start');
    await first.root.call('PUT', '/nodes/pve/lxc/100/config', { tty: 1 });
    await first.root.call('POST', '/access/users', { userid: 'a@pve', password: 'twelve-letters' });
    const seen = async (test: TestNode) => ({
      config: dataOf(await test.root.call('GET', '/nodes/pve/lxc/100/config')),
      pending: dataOf(await test.root.call('GET', '/nodes/pve/lxc/100/pending')),
      tasks: dataOf(await test.root.call('GET', '/nodes/pve/tasks')),
      users: dataOf(await test.root.call('GET', '/access/users')),
      content: dataOf(await test.root.call('GET', '/nodes/pve/storage/local-btrfs/content')),
      status: dataOf<{ status: string }>(await test.root.call('GET', '/nodes/pve/lxc/100/status/current')).status,
      // tickets outlive the node as well
      version: (await test.anonymous.with(first.root.headers).call('GET', '/version')).status,
    });
    const before = await seen(first);
    expect(before).toMatchObject({ status: 'running', version: 200 });
    await first.close();
    nodes.length = 0;
    expect(await seen(await open(state))).toEqual(before);
  });

  it('after a kill ends dead tasks and takes back a half-made container', async () => {
    const first = await open(directory());
    addTemplate(first);
    const { core } = first.node;
    await first.task(first.root, 'POST', '/nodes/pve/lxc', small(101, { lock: 'backup' }));
    // stands in the middle of the create: volumes are there, the config says `lock: create`
    let reached: () => void = () => {};
    const inTheMiddle = new Promise<void>((resolve) => {
      reached = resolve;
    });
    let goOn: () => void = () => {};
    core.backend.unpack = () => {
      reached();
      return new Promise<void>((resolve) => {
        goOn = resolve;
      });
    };
    const upid = dataOf<string>(await first.root.call('POST', '/nodes/pve/lxc', small(100)));
    await inTheMiddle;
    expect(core.volumes.owned(100)).toHaveLength(1);
    const killed = directory();
    cpSync(first.state, killed, { recursive: true });
    goOn();
    await core.tasks.settled(upid);

    const second = await open(killed);
    expect(second.node.core.tasks.get(upid)?.exitstatus).toBe('unexpected status');
    expect(second.node.core.guests.ids('lxc')).toEqual([101]);
    expect(second.node.core.volumes.owned(100)).toEqual([]);
    expect(second.node.core.guests.read('lxc', 101).config.values.lock).toBe('backup');
    expect(await second.task(second.root, 'POST', '/nodes/pve/lxc', small(100))).toBe('OK');
  });
});
