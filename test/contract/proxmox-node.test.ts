import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProxmoxPorts } from '../../src/adapters/proxmox/proxmox.ts';
import type { ContainerState, TemplateFile } from '../../src/model/observed.ts';
import { client, refusal, within } from './proxmox-client.ts';
import { openTarget, RELEASES, type Target } from './proxmox-target.ts';

/** This file's vmids. On a real server nothing outside of them is touched. */
const VMID = 931_000;
const OTHER = 931_001;
const NOBODY = 931_009;

describe.each(RELEASES)('Proxmox VE %s', (release) => {
  let target: Target;
  let ports: ProxmoxPorts;
  let template: TemplateFile;

  const soon = () => within(30_000);
  const long = () => within(300_000);

  beforeAll(async () => {
    target = await openTarget(release);
    ports = client(target.connection);
    template = await aTemplate();
    await remove();
  }, 900_000);

  afterAll(async () => {
    await remove();
    await ports.close();
    await target.close();
  }, 300_000);

  /** The newest Debian that is there; none: the first that the node offers is downloaded. */
  async function aTemplate(): Promise<TemplateFile> {
    const { node, templateStorage } = target;
    const find = async () =>
      (await ports.inventory.templates(node, templateStorage, soon())).find((t) => t.os === 'debian');
    const present = await find();
    if (present !== undefined) return present;
    const offered = (await ports.inventory.offeredTemplates(node, soon())).find((entry) => entry.os === 'debian');
    if (offered === undefined) throw new Error(`no Debian template on ${templateStorage}, and none is offered`);
    await ports.containers.downloadTemplate(node, templateStorage, offered.name, within(800_000));
    const made = await find();
    if (made === undefined) throw new Error(`${offered.name} is not on ${templateStorage} after its download`);
    return made;
  }

  async function remove(): Promise<void> {
    for (const vmid of [VMID, OTHER]) {
      for (const task of await ports.inventory.tasks(target.node, vmid, soon())) {
        if (task.running) await ports.containers.settle(target.node, task.upid, long()).catch(() => undefined);
      }
      const state = await ports.inventory.container(target.node, vmid, soon());
      if (state === undefined) continue;
      if (state.running) await ports.containers.shutdown(target.node, vmid, 1, long());
      await ports.containers.destroy(target.node, vmid, long());
    }
  }

  const parameters = () => ({
    ostemplate: template.volid,
    rootfs: `${target.storage}:1`,
    unprivileged: 1,
    features: 'nesting=1',
    hostname: 'contract',
    memory: 128,
    swap: 0,
    net0: `name=eth0,bridge=${target.bridge},ip=manual`,
    tags: 'Zeta;alpha',
    description: 'words = 50 % & "more" ü\n<!-- a line; of ours -->\n',
  });

  async function state(vmid = VMID): Promise<ContainerState> {
    const found = await ports.inventory.container(target.node, vmid, soon());
    if (found === undefined) throw new Error(`container ${vmid} is not there`);
    return found;
  }

  describe('reads', () => {
    it('the answering node is the first', async () => {
      expect((await ports.inventory.nodes(soon()))[0]).toBe(target.node);
      expect(ports.inventory.serverTime()).toBeInstanceOf(Date);
    });

    it('storages with their contents and sizes', async () => {
      const storages = await ports.inventory.storages(target.node, soon());
      const used = storages.find((entry) => entry.storage === target.storage);
      expect(used).toMatchObject({ active: true, enabled: true });
      expect(used?.content).toContain('rootdir');
      expect(used?.available).toBeGreaterThan(0);
    });

    it('templates, parsed', () => {
      expect(template).toEqual({
        volid: expect.stringMatching(new RegExp(`^${target.templateStorage}:vztmpl/debian-`)) as string,
        os: 'debian',
        release: expect.stringMatching(/^\d+$/) as string,
        version: expect.stringMatching(/^\d/) as string,
      });
    });

    it('a free vmid, and one that nobody has', async () => {
      expect(await ports.inventory.nextVmid(soon())).toBeGreaterThanOrEqual(100);
      expect(await ports.inventory.vmidFree(NOBODY, soon())).toBe(true);
      expect(await ports.inventory.container(target.node, NOBODY, soon())).toBeUndefined();
    });

    it('a storage that does not exist: the server’s words', async () => {
      const error = await refusal(ports.inventory.templates(target.node, 'nope', soon()));
      expect(error.message).toContain("storage 'nope' does not exist");
    });
  });

  describe('one container, from create to destroy', () => {
    it('create: the log has the SSH host keys, the description comes back as it was', async () => {
      const task = await ports.containers.create(target.node, VMID, parameters(), long());
      expect(task.log.join('\n')).toMatch(/^done: SHA256:[A-Za-z0-9+/]+/m);
      const made = await state();
      expect(made).toMatchObject({ vmid: VMID, node: target.node, running: false, pending: {} });
      expect(made.digest).toMatch(/^[0-9a-f]{40}$/);
      expect(made.config).toMatchObject({
        hostname: 'contract',
        memory: '128',
        unprivileged: '1',
        description: parameters().description,
        tags: 'alpha;zeta',
      });
      expect(made.config.net0).toContain('hwaddr=');
    });

    it('the create task is found again, with its log', async () => {
      const [create] = (await ports.inventory.tasks(target.node, VMID, soon())).filter(
        (task) => task.type === 'vzcreate',
      );
      expect(create).toMatchObject({
        vmid: VMID,
        running: false,
        exit: expect.stringMatching(/^OK$|^WARNINGS/) as string,
      });
      const log = await ports.inventory.taskLog(target.node, create?.upid ?? '', soon());
      expect(log.at(-1)).toMatch(/^TASK (OK|WARNINGS)/);
      expect((await ports.containers.settle(target.node, create?.upid ?? '', soon())).log).toEqual(log);
    });

    it('the vmid is taken now, and a second create changes nothing', async () => {
      expect(await ports.inventory.vmidFree(VMID, soon())).toBe(false);
      const before = await state();
      const error = await refusal(ports.containers.create(target.node, VMID, parameters(), long()));
      expect(error.message).toContain(`CT ${VMID} already exists`);
      expect(error.remote).toMatchObject({ status: 500 });
      expect(await state()).toEqual(before);
    });

    it('the mark: written under the digest, refused under a stale one', async () => {
      const { digest } = await state();
      expect(await ports.marks.write(target.node, VMID, 'first\n', digest, soon())).toBe(true);
      expect(await ports.marks.write(target.node, VMID, 'second\n', digest, soon())).toBe(false);
      expect((await state()).config.description).toBe('first\n');
    });

    it('a change of a stopped container, and a removal', async () => {
      const { digest } = await state();
      await ports.containers.update(
        target.node,
        VMID,
        { set: { memory: 160, onboot: 0 }, remove: ['tags'] },
        digest,
        soon(),
      );
      const { config } = await state();
      expect(config).toMatchObject({ memory: '160' });
      expect(config.tags).toBeUndefined();
    });

    it('a stale digest: busy, and nothing is changed', async () => {
      const before = await state();
      const change = { set: { memory: 999 }, remove: [] };
      const error = await refusal(ports.containers.update(target.node, VMID, change, '0'.repeat(40), soon()));
      expect(error.kind).toBe('busy');
      expect((await state()).config).toEqual(before.config);
    });

    it('a bridge that does not exist: refused, and the interface is as it was', async () => {
      const before = await state();
      const net0 = before.config.net0?.replace(`bridge=${target.bridge}`, 'bridge=vmbr77') ?? '';
      const change = { set: { net0 }, remove: [] };
      const error = await refusal(ports.containers.update(target.node, VMID, change, before.digest, soon()));
      expect(error.message).toContain('vmbr77');
      expect((await state()).config.net0).toBe(before.config.net0);
    });

    it('bad values: every one of them as a field', async () => {
      const { digest } = await state();
      const change = { set: { hostname: 'bad_host', memory: 8 }, remove: [] };
      const error = await refusal(ports.containers.update(target.node, VMID, change, digest, soon()));
      expect(Object.keys(error.remote.fields ?? {}).sort()).toEqual(['hostname', 'memory']);
    });

    it('a resize to an absolute size', async () => {
      const { digest } = await state();
      await ports.containers.resize(target.node, VMID, 'rootfs', 2, digest, long());
      expect((await state()).config.rootfs).toContain('size=2G');
    });

    it('start, and start of what runs', async () => {
      await ports.containers.start(target.node, VMID, long());
      expect((await state()).running).toBe(true);
      expect((await ports.containers.start(target.node, VMID, long())).upid).toBe('');
      expect(await ports.inventory.addresses(target.node, VMID, soon())).not.toContain('127.0.0.1');
    });

    it('a live change of a running one, and one that waits for a restart', async () => {
      const { digest } = await state();
      const change = { set: { hostname: 'renamed', features: 'nesting=0' }, remove: [] };
      await ports.containers.update(target.node, VMID, change, digest, soon());
      const changed = await state();
      expect(changed.config.hostname).toBe('renamed');
      expect(changed.pending).toEqual({ features: 'nesting=0' });
    });

    it('reboot: runs again, and nothing is pending any more', async () => {
      await ports.containers.reboot(target.node, VMID, 20, long());
      const after = await state();
      expect(after).toMatchObject({ running: true, pending: {} });
      expect(after.config.features).toBe('nesting=0');
    });

    it('a destroy of a running one is refused', async () => {
      const error = await refusal(ports.containers.destroy(target.node, VMID, long()));
      expect(error.message).toContain('it is running');
      expect((await state()).running).toBe(true);
    });

    it('shutdown, and shutdown of what is stopped', async () => {
      await ports.containers.shutdown(target.node, VMID, 5, long());
      expect((await state()).running).toBe(false);
      expect((await ports.containers.shutdown(target.node, VMID, 5, long())).upid).toBe('');
    });

    it('destroy, and destroy of what is gone', async () => {
      await ports.containers.destroy(target.node, VMID, long());
      expect(await ports.inventory.container(target.node, VMID, soon())).toBeUndefined();
      expect(await ports.inventory.vmidFree(VMID, soon())).toBe(true);
      expect((await ports.containers.destroy(target.node, VMID, long())).upid).toBe('');
    });
  });

  describe('what fails', () => {
    it('a template that is not there: the task’s words and its log', async () => {
      const ostemplate = `${target.templateStorage}:vztmpl/debian-1-standard_1.0-1_amd64.tar.zst`;
      const error = await refusal(ports.containers.create(target.node, OTHER, { ...parameters(), ostemplate }, long()));
      expect(error.kind).toBe('remote');
      expect(error.message).toContain(`unable to create CT ${OTHER} - volume '${ostemplate}' does not exist`);
      expect(error.remote.log?.at(-1)).toContain('TASK ERROR');
      expect(await ports.inventory.container(target.node, OTHER, soon())).toBeUndefined();
    });

    it('a start of what is not there', async () => {
      const error = await refusal(ports.containers.start(target.node, NOBODY, long()));
      expect(error.message).toContain('does not exist');
    });

    it('a wrong secret: 401, and what to check', async () => {
      const { user: _user, password: _password, ...connection } = target.connection;
      const stranger = client({ ...connection, token: { id: 'root@pam!nobody', secret: '0000' } });
      const error = await refusal(stranger.inventory.guests(soon()));
      await stranger.close();
      expect(error.remote.status).toBe(401);
      expect(error.advice.join()).toContain('API token');
    });

    it('an unknown certificate: nothing but the fingerprint is learned', async () => {
      const sha256 = Array(32).fill('00').join(':');
      const stranger = client({ ...target.connection, trust: { kind: 'fingerprint', sha256 } });
      const error = await refusal(stranger.inventory.guests(soon()));
      await stranger.close();
      expect(error.message).toMatch(/fingerprint ([0-9A-F]{2}:){31}[0-9A-F]{2}, expected was 00:/);
    });
  });

  /** What only a node with a control endpoint can do; a real server leaves these out, and says so. */
  describe('faults of the local node', () => {
    const local = (name: string, run: () => Promise<void>) =>
      it(name, async ({ annotate }) => {
        if (target.real) {
          await annotate('left out: a real server has no control endpoint');
          return;
        }
        await run();
      });
    const fault = (body: object) => target.control('POST', 'faults', body);
    const times = async (call: string): Promise<number> =>
      ((await target.control('GET', 'calls')) as Record<string, number>)[call] ?? 0;

    beforeEach(async () => {
      if (!target.real) await target.control('DELETE', 'calls');
    });

    afterEach(async () => {
      if (target.real) return;
      await target.control('DELETE', 'faults');
      await remove();
    });

    local('the answer to a create is lost: sent once, uncertain, and the work is found', async () => {
      const path = `/nodes/${target.node}/lxc`;
      await fault({ kind: 'dropped', match: { method: 'POST', path } });
      const error = await refusal(ports.containers.create(target.node, OTHER, parameters(), long()));
      expect(error.remote.uncertain).toBe(true);
      expect(await times(`POST ${path}`)).toBe(1);
      const [task] = await ports.inventory.tasks(target.node, OTHER, soon());
      await ports.containers.settle(target.node, task?.upid ?? '', soon());
      expect((await state(OTHER)).config.hostname).toBe('contract');
    });

    local('a node that is refused by its proxy: reads go on, writes are uncertain', async () => {
      await fault({ kind: '5xx', status: 596, text: 'Broken pipe', match: { method: 'GET', times: 2 } });
      expect(await ports.inventory.guests(soon())).toEqual([]);
      await fault({ kind: '5xx', status: 596, text: 'Broken pipe', match: { method: 'POST' } });
      const error = await refusal(ports.containers.create(target.node, OTHER, parameters(), long()));
      expect(error.remote).toMatchObject({ status: 596, uncertain: true });
      expect(await times(`POST /nodes/${target.node}/lxc`)).toBe(1);
    });

    local('a task that fails: its words', async () => {
      await ports.containers.create(target.node, OTHER, parameters(), long());
      await fault({ kind: 'task-failure', text: 'no space left on device', match: { task: 'vzstart' } });
      const error = await refusal(ports.containers.start(target.node, OTHER, long()));
      expect(error.message).toContain('no space left on device');
    });

    local('a slow task: waited for, its lines told as they come', async () => {
      const lines: string[] = [];
      const listening = client(target.connection, { onLog: (line) => lines.push(line) });
      await fault({ kind: 'delay', milliseconds: 700, match: { task: 'vzcreate' } });
      const task = await listening.containers.create(target.node, OTHER, parameters(), long());
      await listening.close();
      expect(lines).toEqual(task.log);
    });

    local('a slow task and a short deadline: uncertain, and settled later', async () => {
      await fault({ kind: 'delay', milliseconds: 1500, match: { task: 'vzcreate' } });
      const error = await refusal(ports.containers.create(target.node, OTHER, parameters(), within(500)));
      expect(error.remote.uncertain).toBe(true);
      expect((await state(OTHER)).lock).toBe('create');
      const [task] = await ports.inventory.tasks(target.node, OTHER, soon());
      expect(task).toMatchObject({ running: true });
      expect(task?.exit).toBeUndefined();
      await ports.containers.settle(target.node, task?.upid ?? '', soon());
      expect((await state(OTHER)).lock).toBeUndefined();
    });

    local('a lock: busy', async () => {
      await ports.containers.create(target.node, OTHER, parameters(), long());
      await fault({ kind: 'lock', vmid: OTHER, lock: 'backup' });
      const locked = await state(OTHER);
      expect(locked.lock).toBe('backup');
      const change = { set: { memory: 200 }, remove: [] };
      const error = await refusal(ports.containers.update(target.node, OTHER, change, locked.digest, soon()));
      expect(error.kind).toBe('busy');
      expect((await refusal(ports.containers.start(target.node, OTHER, soon()))).kind).toBe('busy');
    });

    local('a lock file that is held for a while: the change comes through', async () => {
      await ports.containers.create(target.node, OTHER, parameters(), long());
      const { digest } = await state(OTHER);
      const { id } = (await fault({ kind: 'flock', vmid: OTHER })) as { id: string };
      const work = ports.containers.update(target.node, OTHER, { set: { memory: 200 }, remove: [] }, digest, soon());
      await expect.poll(() => times(`PUT /nodes/${target.node}/lxc/${OTHER}/config`), { timeout: 10_000 }).toBe(2);
      await target.control('DELETE', `faults/${id}`);
      await work;
      expect((await state(OTHER)).config.memory).toBe('200');
    });

    local('a QEMU guest: its vmid is not free, and it is no container', async () => {
      await target.control('PUT', 'qemu', { vmid: OTHER, config: { name: 'windows' } });
      expect(await ports.inventory.vmidFree(OTHER, soon())).toBe(false);
      expect(await ports.inventory.container(target.node, OTHER, soon())).toBeUndefined();
      const error = await refusal(ports.containers.create(target.node, OTHER, parameters(), long()));
      expect(error.message).toContain(`VM ${OTHER} already exists`);
      await target.control('DELETE', 'qemu', { vmid: OTHER });
    });

    local('a bind mount goes with root@pam’s ticket beside the token, and is refused without', async () => {
      const bind = { ...parameters(), mp0: '/srv/data,mp=/data' };
      const { password: _password, ...tokenOnly } = target.connection;
      const limited = client(tokenOnly);
      const error = await refusal(limited.containers.create(target.node, OTHER, bind, long()));
      await limited.close();
      expect(error.remote.status).toBe(403);
      expect(error.advice.join()).toContain('root@pam and its password');
      await ports.containers.create(target.node, OTHER, bind, long());
      expect((await state(OTHER)).config.mp0).toBe('/srv/data,mp=/data');
      expect(await times('POST /access/ticket')).toBe(1);
    });
  });
});
