import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addTemplate, type NodeClient, small, startTestNode, type TestNode } from './support/node-client.ts';

let test: TestNode;
let root: NodeClient;

beforeAll(async () => {
  test = await startTestNode();
  root = test.root;
  addTemplate(test);
});

afterAll(() => test.close());

describe('a container from create to delete', () => {
  it('is made, started, changed and destroyed through HTTPS', async () => {
    const created = await test.task(root, 'POST', '/nodes/pve/lxc', {
      ...small(120, { hostname: 'web', features: 'nesting=1', memory: 256 }),
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
    expect((await root.call('POST', '/nodes/pve/lxc/120/status/start')).reason).toBe('CT 120 already running');
    expect((await root.call('PUT', '/nodes/pve/lxc/120/config', { memory: 300 })).status).toBe(200);
    const current = await root.call('GET', '/nodes/pve/lxc/120/status/current');
    expect(current.body?.data).toMatchObject({ status: 'running', maxmem: 300 * 1024 ** 2, name: 'web' });
    const destroy = await root.call('DELETE', '/nodes/pve/lxc/120');
    expect(destroy.reason).toBe('unable to destroy CT 120 - container is running');
    expect(await test.task(root, 'DELETE', '/nodes/pve/lxc/120', { force: 1 })).toBe('OK');
    const gone = await root.call('GET', '/nodes/pve/lxc/120/config');
    expect(gone.reason).toBe("Configuration file 'nodes/pve/lxc/120.conf' does not exist");
  });

  it('frees its volumes, its ACLs and its pool membership with it', async () => {
    const { core } = test.node;
    core.accessStore.update((data) => {
      data.pools.prod = { vms: [], storage: [] };
    });
    expect(await test.task(root, 'POST', '/nodes/pve/lxc', small(121, { mp0: 'local:1,mp=/d', pool: 'prod' }))).toBe(
      'OK',
    );
    expect(core.accessStore.value.pools.prod?.vms).toEqual([121]);
    await root.call('PUT', '/access/acl', { path: '/vms/121', roles: 'PVEAuditor', users: 'root@pam' });
    expect(core.volumes.owned(121)).toHaveLength(2);
    expect(await test.task(root, 'DELETE', '/nodes/pve/lxc/121')).toBe('OK');
    expect(core.volumes.owned(121)).toEqual([]);
    expect(core.accessStore.value.pools.prod?.vms).toEqual([]);
    expect(core.accessStore.value.acl).toEqual([]);
  });

  it('leaves nothing behind when the task fails', async () => {
    const status = await test.task(root, 'POST', '/nodes/pve/lxc', {
      ...small(122),
      ostemplate: 'local:vztmpl/nope_1.0_amd64.tar.zst',
    });
    expect(status).toBe("unable to create CT 122 - volume 'local:vztmpl/nope_1.0_amd64.tar.zst' does not exist");
    const tooSmall = await test.task(root, 'POST', '/nodes/pve/lxc', small(122, { rootfs: 'local-btrfs:0.1' }));
    expect(tooSmall).toMatch(/^unable to create CT 122 - command 'lxc-usernsexec .* tar xpf .*' failed: exit code 2$/);
    expect(test.node.core.guests.has('lxc', 122)).toBe(false);
    expect(test.node.core.volumes.owned(122)).toEqual([]);
    expect((await root.call('GET', '/cluster/nextid', { vmid: 122 })).body?.data).toBe('122');
  });

  it('starts after a create with start=1, by a task of its own', async () => {
    await test.task(root, 'POST', '/nodes/pve/lxc', small(123, { start: 1 }));
    const started = test.node.core.tasks.all().find(({ upid }) => upid.includes(':vzstart:123:'));
    await test.node.core.tasks.settled(started?.upid ?? '');
    expect((await root.call('GET', '/nodes/pve/lxc/123/status/current')).body?.data).toMatchObject({
      status: 'running',
    });
  });

  it('is refused while a QEMU guest has its vmid', async () => {
    test.node.core.guests.writeText('qemu', 105, 'memory: 512\nname: vm105\n');
    expect((await root.call('POST', '/nodes/pve/lxc', small(105))).reason).toBe("VM 105 already exists on node 'pve'");
    expect((await root.call('GET', '/cluster/nextid', { vmid: 105 })).body?.errors).toEqual({
      vmid: 'VM 105 already exists',
    });
    expect((await root.call('GET', '/nodes/pve/qemu/105/config')).body?.data).toMatchObject({
      name: 'vm105',
      memory: '512',
    });
    const resources = (await root.call('GET', '/cluster/resources', { type: 'vm' })).body?.data as { id: string }[];
    expect(resources.map(({ id }) => id)).toContain('qemu/105');
  });

  it('tells the addresses of a running container', async () => {
    const net0 = 'name=eth0,bridge=vmbr0,ip=10.88.0.124/24,hwaddr=BC:24:11:C0:D0:2F';
    await test.task(root, 'POST', '/nodes/pve/lxc', small(124, { net0 }));
    await test.task(root, 'POST', '/nodes/pve/lxc/124/status/start');
    const found = (await root.call('GET', '/nodes/pve/lxc/124/interfaces')).body?.data as object[];
    expect(found[1]).toEqual({
      name: 'eth0',
      hwaddr: 'bc:24:11:c0:d0:2f',
      'hardware-address': 'bc:24:11:c0:d0:2f',
      inet: '10.88.0.124/24',
      inet6: 'fe80::be24:11ff:fec0:d02f/64',
      'ip-addresses': [
        { 'ip-address': '10.88.0.124', 'ip-address-type': 'inet', prefix: '24' },
        { 'ip-address': 'fe80::be24:11ff:fec0:d02f', 'ip-address-type': 'inet6', prefix: '64' },
      ],
    });
  });
});
