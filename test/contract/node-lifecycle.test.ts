import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NodeClient, startTestNode, type TestNode } from './support/node-client.ts';

/** Bytes that begin as a zstd archive does: all that the simulated back end looks at. */
const ARCHIVE = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0]);
const TEMPLATE = 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst';

let test: TestNode;
let root: NodeClient;

beforeAll(async () => {
  test = await startTestNode();
  root = test.root;
  const folder = `${test.node.core.storages.directory('local')}/template/cache`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/debian-12-standard_12.7-1_amd64.tar.zst`, ARCHIVE);
});

afterAll(() => test.close());

describe('a container from create to delete', () => {
  it('is made, started, changed and destroyed through HTTPS', async () => {
    const created = await test.task(root, 'POST', '/nodes/pve/lxc', {
      vmid: 120,
      ostemplate: TEMPLATE,
      rootfs: 'local-btrfs:1',
      unprivileged: 1,
      memory: 256,
      hostname: 'web',
      features: 'nesting=1',
      net0: 'name=eth0,bridge=vmbr0,ip=10.88.0.120/24,gw=10.88.0.1,hwaddr=BC:24:11:00:00:01',
    });
    expect(created).toBe('OK');
    const config = await root.call('GET', '/nodes/pve/lxc/120/config');
    expect(config.body?.data).toEqual({
      arch: 'amd64',
      digest: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
      features: 'nesting=1',
      hostname: 'web',
      memory: 256,
      net0: 'name=eth0,bridge=vmbr0,gw=10.88.0.1,hwaddr=BC:24:11:00:00:01,ip=10.88.0.120/24,type=veth',
      ostype: 'debian',
      rootfs: 'local-btrfs:120/vm-120-disk-0.raw,size=1G',
      swap: 512,
      unprivileged: 1,
    });
    expect(await test.task(root, 'POST', '/nodes/pve/lxc/120/status/start')).toBe('OK');
    expect((await root.call('PUT', '/nodes/pve/lxc/120/config', { memory: 300 })).status).toBe(200);
    const current = await root.call('GET', '/nodes/pve/lxc/120/status/current');
    expect(current.body?.data).toMatchObject({ status: 'running', maxmem: 300 * 1024 ** 2, name: 'web' });
    expect((await root.call('DELETE', '/nodes/pve/lxc/120')).reason).toBe(
      'unable to destroy CT 120 - container is running',
    );
    expect(await test.task(root, 'DELETE', '/nodes/pve/lxc/120', { force: 1 })).toBe('OK');
    expect((await root.call('GET', '/nodes/pve/lxc/120/config')).reason).toBe(
      "Configuration file 'nodes/pve/lxc/120.conf' does not exist",
    );
  });
});
