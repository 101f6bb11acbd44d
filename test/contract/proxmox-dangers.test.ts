import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProxmoxPorts } from '../../src/adapters/proxmox/proxmox.ts';
import { Authority } from './proxmox-certificates.ts';
import { client, refusal, TOKEN, within } from './proxmox-client.ts';
import { type Reply, type Script, ScriptedServer, type Seen } from './proxmox-scripted-server.ts';

/** The dangers that were measured on a real server (design, section 6): nothing dangerous leaves this machine. */

const UPID = 'UPID:pve:00003E07:0004DDF4:6B01563A:vzdestroy:101:root@pam!gitops:';
const NET0 = 'name=eth0,bridge=vmbr0,hwaddr=BC:24:11:C0:D0:2F,ip=10.0.0.2/24,type=veth';
const CREATE = { ostemplate: 'local:vztmpl/debian-12.tar.zst', rootfs: 'local-lvm:8', unprivileged: 1 };

let authority: Authority;
let server: ScriptedServer;
let ports: ProxmoxPorts;

beforeAll(async () => {
  authority = new Authority();
  server = await new ScriptedServer(authority.issue('IP:127.0.0.1'), () => ({})).open();
});

afterEach(() => ports.close());

afterAll(async () => {
  await server.close();
  authority.remove();
});

function connect(script: Script): ProxmoxPorts {
  server.play(script);
  ports = client({ hosts: [`127.0.0.1:${server.port}`], trust: { kind: 'ca', pem: authority.pem }, token: TOKEN });
  return ports;
}

interface Guest {
  readonly status?: string;
  readonly config?: Record<string, string>;
  readonly cluster?: Reply;
  readonly put?: Reply;
}

/** A container with a config, its digest being the number of PUTs. */
function guest({ status = 'stopped', config = {}, cluster = { data: [{ type: 'node' }] }, put = {} }: Guest): Script {
  let puts = 0;
  return (seen: Seen) => {
    if (seen.method === 'PUT') {
      puts += 1;
      return put;
    }
    if (seen.method === 'DELETE') return { data: UPID };
    if (seen.path === '/cluster/status') return cluster;
    if (seen.path.endsWith('/pending')) {
      const entries = Object.entries({ ...config, digest: `d${puts}` });
      return { data: entries.map(([key, value]) => ({ key, value })) };
    }
    if (seen.path.endsWith('/current')) return { data: { status } };
    return seen.path.endsWith('/log') ? { data: [] } : { data: { status: 'stopped', exitstatus: 'OK' } };
  };
}

const writes = (): readonly Seen[] => server.seen.filter((seen) => seen.method !== 'GET');

describe('a create never sends', () => {
  it.each<[string, Record<string, string | number>]>([
    ['a rootfs that names a volume', { rootfs: 'local-btrfs:100/vm-100-disk-0.raw' }],
    ['a rootfs that names one by key', { rootfs: 'volume=local-lvm:vm-100-disk-0,size=8G' }],
    ['a rootfs with a unit', { rootfs: 'local-lvm:8G' }],
    ['a rootfs that is a path', { rootfs: '/dev/sda' }],
    ['a mount point that names a volume', { mp0: 'local-lvm:vm-100-disk-1,mp=/data' }],
    ['an unused volume', { unused0: 'local-lvm:vm-100-disk-1' }],
    ['a lock', { lock: 'backup' }],
    ['restore', { restore: 1, force: 1 }],
    ['an empty value', { nameserver: '' }],
    ['a blank value', { tags: ' ' }],
    ['null', { nameserver: null as unknown as string }],
    ['not a number', { memory: Number.NaN }],
  ])('%s', async (_what, parameters) => {
    const { containers } = connect(guest({}));
    const error = await refusal(containers.create('pve', 101, { ...CREATE, ...parameters }, within(5000)));
    expect(error.kind).toBe('bug');
    expect(error.message).toMatch(/^Unable to create container 101: /);
    expect(server.seen).toEqual([]);
  });

  it('no word about unprivileged', async () => {
    const { unprivileged: _, ...parameters } = CREATE;
    const error = await refusal(connect(guest({})).containers.create('pve', 101, parameters, within(5000)));
    expect(error.message).toContain('unprivileged is missing');
    expect(server.seen).toEqual([]);
  });

  it('but new volumes, and paths of the host', async () => {
    const mounts = { rootfs: 'local-lvm:0.7,mountoptions=noatime', mp0: 'local:4,mp=/data', mp1: '/srv/x,mp=/x' };
    const { containers } = connect((seen, count) => (seen.method === 'POST' ? { data: UPID } : guest({})(seen, count)));
    await containers.create('pve', 101, { ...CREATE, ...mounts }, within(5000));
    expect(writes()).toHaveLength(1);
  });
});

describe('a change never sends', () => {
  it.each<[string, Record<string, string | number>, string[], string]>([
    ['rootfs', { rootfs: 'local-lvm:9' }, [], 'd0'],
    ['the removal of rootfs', {}, ['rootfs'], 'd0'],
    ['a lock', { lock: 'backup' }, [], 'd0'],
    ['the removal of a lock', {}, ['lock'], 'd0'],
    ['an empty value', { tags: '' }, [], 'd0'],
    ['no digest', { memory: 512 }, [], ''],
    ['nothing', {}, [], 'd0'],
    ['a key both ways', { memory: 512 }, ['memory'], 'd0'],
    ['a removal that smuggles another', {}, ['tags,rootfs'], 'd0'],
    ['a volume of another container', { mp0: 'local-lvm:vm-100-disk-1,mp=/data' }, [], 'd0'],
  ])('%s', async (_what, set, remove, digest) => {
    const { containers } = connect(guest({}));
    const error = await refusal(containers.update('pve', 101, { set, remove }, digest, within(5000)));
    expect(error.kind).toBe('bug');
    expect(server.seen).toEqual([]);
  });

  it('an interface without its hwaddr: it would get a new MAC', async () => {
    const { containers } = connect(guest({ config: { net0: NET0 } }));
    const change = { set: { net0: 'name=eth0,bridge=vmbr0,ip=10.0.0.3/24' }, remove: [] };
    const error = await refusal(containers.update('pve', 101, change, 'd0', within(5000)));
    expect(error.kind).toBe('bug');
    expect(error.message).toContain('net0 must carry its hwaddr');
    expect(writes()).toEqual([]);
  });

  it('an interface over another config than the one that was planned on', async () => {
    const { containers } = connect(guest({ config: { net0: NET0 } }));
    const error = await refusal(
      containers.update('pve', 101, { set: { net0: NET0 }, remove: [] }, 'old', within(5000)),
    );
    expect(error.kind).toBe('busy');
    expect(writes()).toEqual([]);
  });

  it('but a volume of its own, an interface with its hwaddr, and a new one', async () => {
    const { containers } = connect(guest({ config: { net0: NET0 } }));
    const set = { mp0: 'local-lvm:vm-101-disk-1,mp=/data', net0: NET0, net1: 'name=eth1,bridge=vmbr0' };
    await containers.update('pve', 101, { set, remove: [] }, 'd0', within(5000));
    expect(writes()).toHaveLength(1);
  });
});

describe('an interface that could not be brought about', () => {
  const NEW = NET0.replace('vmbr0', 'vmbr77');

  it('gets its old value back, and a new one is removed', async () => {
    let config: Record<string, string> = { net0: NET0 };
    const refused: Reply = { status: 500, reason: "bridge 'vmbr77' does not exist" };
    let puts = 0;
    const { containers } = connect((seen, count) => {
      if (seen.method === 'PUT') {
        puts += 1;
        // As the server does with a stopped container: refused, and stored.
        config = puts === 1 ? { net0: NEW, net1: NEW } : { net0: NET0 };
        return puts === 1 ? refused : { data: null };
      }
      if (!seen.path.endsWith('/pending')) return guest({})(seen, count);
      return { data: Object.entries({ ...config, digest: `d${puts}` }).map(([key, value]) => ({ key, value })) };
    });
    const change = { set: { net0: NEW, net1: NEW }, remove: [] };
    const error = await refusal(containers.update('pve', 101, change, 'd0', within(5000)));
    expect(error.message).toBe("Unable to change container 101 on pve: 500 bridge 'vmbr77' does not exist");
    const [, second] = server.of('PUT');
    expect(Object.fromEntries(new URLSearchParams(second?.body))).toEqual({ net0: NET0, delete: 'net1', digest: 'd1' });
  });

  it('says so when that fails as well', async () => {
    let puts = 0;
    const { containers } = connect((seen, count) => {
      if (seen.method === 'PUT') {
        puts += 1;
        return { status: 500, reason: "bridge 'vmbr77' does not exist" };
      }
      if (!seen.path.endsWith('/pending')) return guest({})(seen, count);
      const net0 = puts === 0 ? NET0 : NEW;
      return { data: Object.entries({ net0, digest: `d${puts}` }).map(([key, value]) => ({ key, value })) };
    });
    const error = await refusal(containers.update('pve', 101, { set: { net0: NEW }, remove: [] }, 'd0', within(5000)));
    expect(error.message).toContain('net0 may be stored all the same, and could not be put back');
  });

  it('a refusal that stored nothing is left at that', async () => {
    const put: Reply = { status: 403, reason: 'Permission check failed (/vms/101, VM.Config.Network)' };
    const { containers } = connect(guest({ config: { net0: NET0 }, put }));
    await refusal(containers.update('pve', 101, { set: { net0: NEW }, remove: [] }, 'd0', within(5000)));
    expect(writes()).toHaveLength(1);
  });
});

describe('a destroy', () => {
  const QUORATE: Reply = { data: [{ type: 'cluster', quorate: 1 }, { type: 'node' }] };

  it('asks for the quorum first; parameters in the query, no body, no force, no purge', async () => {
    await connect(guest({ cluster: QUORATE })).containers.destroy('pve', 101, within(5000));
    expect(writes()).toHaveLength(1);
    expect(writes()[0]).toMatchObject({ method: 'DELETE', path: '/nodes/pve/lxc/101', query: '', body: '' });
    expect(writes()[0]?.headers['content-length']).toBeUndefined();
    const order = server.seen.map((seen) => seen.path);
    expect(order.indexOf('/cluster/status')).toBeLessThan(order.indexOf('/nodes/pve/lxc/101'));
  });

  it('without quorum: refused, nothing sent', async () => {
    const cluster: Reply = { data: [{ type: 'cluster', quorate: 0 }, { type: 'node' }] };
    const error = await refusal(connect(guest({ cluster })).containers.destroy('pve', 101, within(5000)));
    expect(error.message).toContain('no quorum');
    expect(error.advice.join()).toContain('pvecm status');
    expect(writes()).toEqual([]);
  });

  it.each<[string, Reply]>([
    ['a server that lists no cluster', { data: [{ type: 'node' }] }],
    ['an identity that may not ask', { status: 403, reason: 'Permission check failed (/, Sys.Audit)' }],
  ])('%s: the config is written as it is first, which needs the quorum', async (_what, cluster) => {
    const { containers } = connect(guest({ cluster, config: { description: 'mine\n' } }));
    await containers.destroy('pve', 101, within(5000));
    expect(writes().map((seen) => seen.method)).toEqual(['PUT', 'DELETE']);
    expect(writes()[0]?.body).toBe('description=mine%0A&digest=d0');
  });

  it('and when that cannot be written: refused, the volumes live on', async () => {
    const put: Reply = {
      status: 500,
      reason: "unable to open file '/etc/pve/nodes/pve/lxc/101.conf.tmp.152' - Permission denied",
    };
    const error = await refusal(connect(guest({ put })).containers.destroy('pve', 101, within(5000)));
    expect(error.advice.join()).toContain('no quorum');
    expect(server.of('DELETE')).toEqual([]);
  });

  it('of a running container: refused, nothing sent', async () => {
    const { containers } = connect(guest({ status: 'running', cluster: QUORATE }));
    const error = await refusal(containers.destroy('pve', 101, within(5000)));
    expect(error.message).toContain('it is running');
    expect(writes()).toEqual([]);
  });

  it('of what is gone: nothing to do', async () => {
    const absent: Reply = { status: 500, reason: "Configuration file 'nodes/pve/lxc/101.conf' does not exist" };
    const settled = await connect(() => absent).containers.destroy('pve', 101, within(5000));
    expect(settled.upid).toBe('');
    expect(writes()).toEqual([]);
  });
});

describe('a resize', () => {
  it('sends an absolute size with the digest', async () => {
    const { containers } = connect((seen, count) =>
      seen.path.endsWith('/resize') ? { data: UPID } : guest({})(seen, count),
    );
    await containers.resize('pve', 101, 'rootfs', 12, 'd0', within(5000));
    expect(server.of('PUT').at(-1)).toMatchObject({
      path: '/nodes/pve/lxc/101/resize',
      body: 'disk=rootfs&size=12G&digest=d0',
    });
  });

  it('to the size it has: nothing to do', async () => {
    const { containers } = connect((seen, count) =>
      seen.path.endsWith('/resize')
        ? { status: 500, reason: 'disk is already at specified size' }
        : guest({})(seen, count),
    );
    expect((await containers.resize('pve', 101, 'rootfs', 12, 'd0', within(5000))).upid).toBe('');
  });

  it('never without quorum: the volume would grow, and the config would not say so', async () => {
    const { containers } = connect((seen, count) => {
      if (seen.path === '/cluster/status') return { data: [{ type: 'cluster', quorate: 0 }] };
      return seen.path.endsWith('/resize') ? { data: UPID } : guest({})(seen, count);
    });
    const error = await refusal(containers.resize('pve', 101, 'rootfs', 12, 'd0', within(5000)));
    expect(error.message).toContain('no quorum');
    expect(server.of('PUT')).toEqual([]);
  });

  it('tells a file system that did not grow although the task is OK', async () => {
    const line = "Failed to update the container's filesystem: command 'e2fsck' failed";
    const { containers } = connect((seen, count) => {
      if (seen.path.endsWith('/resize')) return { data: UPID };
      return seen.path.endsWith('/log') ? { data: [{ n: 1, t: line }] } : guest({})(seen, count);
    });
    expect((await containers.resize('pve', 101, 'rootfs', 12, 'd0', within(5000))).warnings).toEqual([line]);
  });

  it.each([0, -1, Number.NaN])('never to %d', async (size) => {
    const error = await refusal(connect(guest({})).containers.resize('pve', 101, 'rootfs', size, 'd0', within(5000)));
    expect(error.kind).toBe('bug');
    expect(server.seen).toEqual([]);
  });
});
