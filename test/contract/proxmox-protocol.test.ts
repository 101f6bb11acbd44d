import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProxmoxPorts } from '../../src/adapters/proxmox/proxmox.ts';
import { Authority } from './proxmox-certificates.ts';
import { client, refusal, TOKEN, within } from './proxmox-client.ts';
import { type Reply, type Script, ScriptedServer, type Seen } from './proxmox-scripted-server.ts';

const UPID = 'UPID:pve:00003D7A:0004D940:6B01562E:vzcreate:101:root@pam!gitops:';
const CREATE = { ostemplate: 'local:vztmpl/debian-12.tar.zst', rootfs: 'local-lvm:8', unprivileged: 1 };
const ABSENT: Reply = { status: 500, reason: "Configuration file 'nodes/pve/lxc/101.conf' does not exist" };

let authority: Authority;
let server: ScriptedServer;
let ports: ProxmoxPorts;
let lines: string[];
let debug: string[];

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
  lines = [];
  debug = [];
  ports = client(
    { hosts: [`127.0.0.1:${server.port}`], trust: { kind: 'ca', pem: authority.pem }, token: TOKEN },
    { onLog: (line) => lines.push(line), debug: (line) => debug.push(line) },
  );
  return ports;
}

/** A task that runs for some polls and ends as told, with its log. */
function task(exit: string, log: readonly string[], polls = 2): Script {
  return (seen, count) => {
    if (seen.path.endsWith('/status')) {
      return { data: count < polls ? { status: 'running' } : { status: 'stopped', exitstatus: exit } };
    }
    if (seen.path.endsWith('/log')) return logPage(seen, log);
    return { data: UPID };
  };
}

function logPage(seen: Seen, log: readonly string[]): Reply {
  const query = new URLSearchParams(seen.query);
  const start = Number(query.get('start') ?? 0);
  const page = log.slice(start, start + Number(query.get('limit') ?? 50));
  return { data: page.map((t, index) => ({ n: start + index + 1, t })) };
}

describe('what is sent', () => {
  it('a POST: a percent-encoded form with its length, never chunked', async () => {
    const description = 'a=b & c;d+e ü\n<!-- pve-gitops:1 {"x":"%"} -->\n';
    await connect(task('OK', [])).containers.create('pve', 101, { ...CREATE, description }, within(5000));
    const [post] = server.of('POST');
    expect(post?.headers['transfer-encoding']).toBeUndefined();
    expect(post?.headers['content-length']).toBe(String(Buffer.byteLength(post?.body ?? '')));
    expect(post?.body).toContain('description=a%3Db%20%26%20c%3Bd%2Be%20%C3%BC%0A');
    expect(new URLSearchParams(post?.body).get('description')).toBe(description);
    expect(new URLSearchParams(post?.body).get('vmid')).toBe('101');
  });

  it('a POST without parameters: an empty body with a length', async () => {
    await connect(task('OK', [])).containers.start('pve', 101, within(5000));
    expect(server.of('POST')[0]?.headers['content-length']).toBe('0');
  });

  it('a UPID in a path: encoded', async () => {
    await connect(task('OK', [])).containers.start('pve', 101, within(5000));
    const status = server.of('GET').find((seen) => seen.path.endsWith('/status'));
    expect(status?.path).toBe(`/nodes/pve/tasks/${encodeURIComponent(UPID)}/status`);
  });

  it.each(['pve/../x', 'pve?x=1', '_x', 'a b', ''])(
    'a node named %j is refused before anything is sent',
    async (node) => {
      const error = await refusal(connect(() => ({ data: [] })).inventory.storages(node, within(5000)));
      expect(error.kind).toBe('user');
      expect(server.seen).toEqual([]);
    },
  );

  it.each([99, 1e9, 100.5, Number.NaN])('vmid %d is refused before anything is sent', async (vmid) => {
    const error = await refusal(connect(() => ({ data: [] })).containers.start('pve', vmid, within(5000)));
    expect(error.kind).toBe('user');
    expect(server.seen).toEqual([]);
  });

  it('the debug line names call, status and time, and no parameter', async () => {
    await connect(task('OK', [])).containers.create('pve', 101, { ...CREATE, password: 'hidden-1' }, within(5000));
    expect(debug[0]).toMatch(/^POST \/api2\/json\/nodes\/pve\/lxc: 200 \(\d+ ms, 127\.0\.0\.1:\d+\)$/);
    expect(debug.join('\n')).not.toMatch(new RegExp(`hidden-1|${TOKEN.secret}`));
  });
});

describe('errors', () => {
  it('the reason phrase carries the message when there is no body', async () => {
    const { containers } = connect(() => ({ status: 500, reason: "CT 101 already exists on node 'pve'", raw: '' }));
    const error = await refusal(containers.create('pve', 101, CREATE, within(5000)));
    expect(error.message).toBe("Unable to create container 101 on pve: 500 CT 101 already exists on node 'pve'");
    expect(error.remote).toEqual({ status: 500, fields: {} });
  });

  it('bad parameters: all of them, in the message and as fields', async () => {
    const errors = {
      hostname: 'invalid format - value does not look like a valid DNS name\n',
      memory: 'value must have a minimum value of 16',
    };
    const { containers } = connect(() => ({ status: 400, reason: 'Parameter verification failed.', errors }));
    const error = await refusal(containers.create('pve', 101, CREATE, within(5000)));
    expect(error.message).toContain(
      'hostname: invalid format - value does not look like a valid DNS name; memory: value',
    );
    expect(error.remote.fields).toEqual({
      hostname: 'invalid format - value does not look like a valid DNS name',
      memory: 'value must have a minimum value of 16',
    });
  });

  it('a missing privilege: named with its path', async () => {
    const reason = 'Permission check failed (/vms/101, VM.PowerMgmt)';
    const error = await refusal(connect(() => ({ status: 403, reason })).containers.start('pve', 101, within(5000)));
    expect(error.advice.join()).toContain('VM.PowerMgmt on /vms/101');
  });

  it('what is reserved to root@pam: how to get it', async () => {
    const reason = 'Permission check failed (mount point type bind is only allowed for root@pam)';
    const error = await refusal(connect(() => ({ status: 403, reason })).containers.start('pve', 101, within(5000)));
    expect(error.advice.join()).toContain('root@pam and its password');
  });

  it('a lock: busy', async () => {
    const { containers } = connect(() => ({ status: 500, reason: 'CT is locked (backup)' }));
    const change = { set: { memory: 512 }, remove: [] };
    expect((await refusal(containers.update('pve', 101, change, 'abc', within(5000)))).kind).toBe('busy');
  });

  it.each([595, 596, 597, 599, 502])('a %d to a write: sent once, and uncertain', async (status) => {
    const { containers } = connect(() => ({ status, reason: 'Broken pipe', raw: '' }));
    const error = await refusal(containers.start('pve', 101, within(5000)));
    expect(server.of('POST')).toHaveLength(1);
    expect(error.remote).toMatchObject({ status, uncertain: true });
  });

  it('a 596 to a read: repeated', async () => {
    const { inventory } = connect((_seen, count) => (count === 1 ? { status: 596, reason: 'x' } : { data: [] }));
    expect(await inventory.guests(within(5000))).toEqual([]);
  });

  it.each([400, 401, 403, 500, 501])('a %d to a read: not repeated', async (status) => {
    const { inventory } = connect(() => ({ status, reason: 'no' }));
    await refusal(inventory.guests(within(5000)));
    expect(server.seen).toHaveLength(1);
  });
});

describe('absence', () => {
  it('500 with the missing configuration file', async () => {
    expect(await connect(() => ABSENT).inventory.container('pve', 101, within(5000))).toBeUndefined();
  });

  it('403 is never absence', async () => {
    const { inventory } = connect(() => ({ status: 403, reason: 'Permission check failed (/vms/101, VM.Audit)' }));
    expect((await refusal(inventory.container('pve', 101, within(5000)))).remote.status).toBe(403);
  });

  it('not even with the words of absence', async () => {
    const { inventory } = connect(() => ({ ...ABSENT, status: 403 }));
    expect((await refusal(inventory.container('pve', 101, within(5000)))).remote.status).toBe(403);
  });

  it.each(["Configuration file 'nodes/pve/lxc/999.conf' does not exist", "storage 'x' does not exist"])(
    '500 %s is another thing',
    async (reason) => {
      const { inventory } = connect(() => ({ status: 500, reason }));
      expect((await refusal(inventory.container('pve', 101, within(5000)))).remote.status).toBe(500);
    },
  );

  it('a vmid in use, whoever may see it', async () => {
    const errors = { vmid: 'VM 101 already exists' };
    const { inventory } = connect(() => ({ status: 400, reason: 'Parameter verification failed.', errors }));
    expect(await inventory.vmidFree(101, within(5000))).toBe(false);
  });

  it('another 400 says nothing about it', async () => {
    const errors = { vmid: 'type check failed' };
    const { inventory } = connect(() => ({ status: 400, reason: 'Parameter verification failed.', errors }));
    expect((await refusal(inventory.vmidFree(101, within(5000)))).remote.status).toBe(400);
  });
});

describe('tasks', () => {
  it('OK: the log comes back and line by line, over several pages', async () => {
    const log = [...Array.from({ length: 1200 }, (_, n) => `line ${n}`), 'done: SHA256:abc root@x', 'TASK OK'];
    const settled = await connect(task('OK', log)).containers.create('pve', 101, CREATE, within(5000));
    expect(settled).toEqual({ upid: UPID, warnings: [], log });
    expect(lines).toEqual(log);
  });

  it('WARNINGS: n is good, and the warnings are told', async () => {
    const log = ['WARN: Systemd 257 detected. You may need to enable nesting.', 'TASK WARNINGS: 1'];
    const settled = await connect(task('WARNINGS: 1', log)).containers.start('pve', 101, within(5000));
    expect(settled.warnings).toEqual(['Systemd 257 detected. You may need to enable nesting.']);
  });

  it('a failure quotes exit status and log tail', async () => {
    const exit = "unable to create CT 101 - volume 'local:vztmpl/nope.tar.zst' does not exist";
    const log = [...Array.from({ length: 30 }, (_, n) => `line ${n}`), `TASK ERROR: ${exit}`];
    const error = await refusal(connect(task(exit, log)).containers.create('pve', 101, CREATE, within(5000)));
    expect(error.kind).toBe('remote');
    expect(error.message).toContain(`Unable to create container 101 on pve: ${exit}\n  line 21\n`);
    expect(error.remote.log).toEqual(log.slice(-10));
    expect(error.remote.uncertain).toBeUndefined();
    expect(server.of('POST')).toHaveLength(1);
  });

  it('a task that is unknown for a moment after its start', async () => {
    const { containers } = connect((seen, count) => {
      if (seen.path.endsWith('/status') && count < 3) {
        return { status: 400, reason: 'Parameter verification failed.', errors: { upid: 'no such task' } };
      }
      return task('OK', [])(seen, count);
    });
    expect((await containers.start('pve', 101, within(5000))).upid).toBe(UPID);
  });

  it('the API is away while a task runs: waiting goes on, nothing is sent again', async () => {
    const { containers } = connect((seen, count) => {
      if (seen.path.endsWith('/status') && count < 5) return count % 2 ? 'reset' : { status: 596, reason: 'x' };
      return task('OK', [])(seen, count);
    });
    await containers.start('pve', 101, within(20_000));
    expect(server.of('POST')).toHaveLength(1);
  });

  it('the deadline comes first: uncertain, with the task and its log so far', async () => {
    const { containers } = connect(task('OK', ['extracting archive'], Number.POSITIVE_INFINITY));
    const error = await refusal(containers.create('pve', 101, CREATE, within(1500)));
    expect(error.message).toContain(`not done within 1.5 s; its task may still run: ${UPID}`);
    expect(error.remote).toMatchObject({ uncertain: true, log: ['extracting archive'] });
  });

  it('is polled quickly at first', async () => {
    const began = performance.now();
    await connect(task('OK', [], 3)).containers.start('pve', 101, within(5000));
    expect(performance.now() - began).toBeLessThan(500);
  });

  it('lines are told while it runs', async () => {
    const seenBefore: number[] = [];
    const { containers } = connect((seen, count) => {
      if (seen.path.endsWith('/status')) seenBefore.push(lines.length);
      return task('OK', ['one', 'two'], 10)(seen, count);
    });
    await containers.start('pve', 101, within(20_000));
    expect(seenBefore.at(-1)).toBe(2);
    expect(lines).toEqual(['one', 'two']);
  });

  it.each([[{ n: 1, t: 'no content' }], { n: 1, t: 'unable to open file - No such file or directory' }])(
    'a log that is not there yet is no line: %j',
    async (placeholder) => {
      let asked = 0;
      const { containers } = connect((seen, count) => {
        if (!seen.path.endsWith('/log')) return task('OK', [], 10)(seen, count);
        asked += 1;
        return asked === 1 ? { data: placeholder } : logPage(seen, ['one']);
      });
      expect((await containers.start('pve', 101, within(20_000))).log).toEqual(['one']);
      expect(asked).toBeGreaterThan(1);
    },
  );

  it('a log that cannot be read does not undo the task', async () => {
    const { containers } = connect((seen, count) =>
      seen.path.endsWith('/log') ? { status: 403, reason: 'no' } : task('OK', [])(seen, count),
    );
    expect((await containers.start('pve', 101, within(5000))).warnings.join()).toContain('could not be read');
  });

  it('under high availability the task only asks: the state is waited for', async () => {
    const asked = 'UPID:pve:00000D6D:0006306C:6B01599C:hastart:101:root@pam!gitops:';
    const { containers } = connect((seen, count) => {
      if (seen.path.endsWith('/current')) return { data: { status: count < 3 ? 'stopped' : 'running' } };
      return seen.method === 'POST' ? { data: asked } : task('OK', [])(seen, count);
    });
    await containers.start('pve', 101, within(5000));
    expect(server.seen.filter((seen) => seen.path.endsWith('/current'))).toHaveLength(3);
  });

  it('a shutdown has ended when the container has', async () => {
    const { containers } = connect((seen, count) => {
      if (seen.path.endsWith('/current')) return { data: { status: count < 3 ? 'running' : 'stopped' } };
      return task('OK', [])(seen, count);
    });
    await containers.shutdown('pve', 101, 30, within(5000));
    expect(server.of('POST')[0]?.body).toBe('timeout=30&forceStop=1');
    expect(server.seen.filter((seen) => seen.path.endsWith('/current'))).toHaveLength(3);
  });

  it('a reboot has ended when the container runs again', async () => {
    const { containers } = connect((seen, count) => {
      if (seen.path.endsWith('/current')) return { data: { status: count < 3 ? 'stopped' : 'running' } };
      return task('OK', [])(seen, count);
    });
    await containers.reboot('pve', 101, 20, within(5000));
    expect(server.of('POST')[0]).toMatchObject({ path: '/nodes/pve/lxc/101/status/reboot', body: 'timeout=20' });
    expect(server.seen.filter((seen) => seen.path.endsWith('/current'))).toHaveLength(3);
  });

  it.each([
    ['start', 'CT 101 already running'],
    ['shutdown', 'CT 101 not running'],
  ] as const)('%s of what is so already: nothing to do', async (verb, reason) => {
    const { containers } = connect(() => ({ status: 500, reason }));
    const settled =
      verb === 'start'
        ? await containers.start('pve', 101, within(5000))
        : await containers.shutdown('pve', 101, 30, within(5000));
    expect(settled).toEqual({ upid: '', warnings: [], log: [] });
  });
});

describe('writes that the server did not begin', () => {
  const LOCK = "can't lock file '/run/lock/lxc/pve-config-101.lock' - got timeout";

  it('a worker that was not started: looked at, and sent again', async () => {
    const { containers } = connect((seen, count) => {
      if (seen.method === 'POST' && count === 1)
        return { status: 500, reason: 'got no worker upid - start worker failed' };
      if (seen.path.endsWith('/nextid')) return { data: '101' };
      return task('OK', [])(seen, count);
    });
    await containers.create('pve', 101, CREATE, within(10_000));
    const first = server.seen.map(({ method, path }) => `${method} ${path}`).slice(0, 3);
    expect(first).toEqual(['POST /nodes/pve/lxc', 'GET /cluster/nextid', 'POST /nodes/pve/lxc']);
  });

  it('but not when there is a container now', async () => {
    const { containers } = connect((seen) => {
      if (seen.method === 'POST') return { status: 500, reason: 'got no worker upid - start worker failed' };
      // row 70
      return { status: 400, reason: 'Parameter verification failed.', errors: { vmid: 'VM 101 already exists' } };
    });
    const error = await refusal(containers.create('pve', 101, CREATE, within(10_000)));
    expect(server.of('POST')).toHaveLength(1);
    expect(error.message).toContain('got no worker upid');
  });

  it('a lock that was waited for in vain: the config is the same, so again', async () => {
    const { containers } = connect((seen, count) => {
      if (seen.method === 'PUT') return count === 1 ? { status: 500, reason: LOCK } : { data: null };
      return seen.path.endsWith('/pending')
        ? { data: [{ key: 'digest', value: 'abc' }] }
        : { data: { status: 'stopped' } };
    });
    await containers.update('pve', 101, { set: { memory: 512 }, remove: ['tags'] }, 'abc', within(10_000));
    expect(server.of('PUT').map((seen) => seen.body)).toEqual(Array(2).fill('memory=512&delete=tags&digest=abc'));
  });

  it('the config is another one: not again, busy', async () => {
    const { containers } = connect((seen) => {
      if (seen.method === 'PUT') return { status: 500, reason: LOCK };
      return seen.path.endsWith('/pending')
        ? { data: [{ key: 'digest', value: 'xyz' }] }
        : { data: { status: 'stopped' } };
    });
    const change = { set: { memory: 512 }, remove: [] };
    const error = await refusal(containers.update('pve', 101, change, 'abc', within(10_000)));
    expect(server.of('PUT')).toHaveLength(1);
    expect(error.kind).toBe('busy');
  });

  it('a start task that met the lock is sent again while the container is stopped', async () => {
    let starts = 0;
    const { containers } = connect((seen, count) => {
      if (seen.method === 'POST') starts += 1;
      if (seen.path.endsWith('/current')) return { data: { status: 'stopped' } };
      if (seen.path.endsWith('/status')) return { data: { status: 'stopped', exitstatus: starts === 1 ? LOCK : 'OK' } };
      return task('OK', [])(seen, count);
    });
    await containers.start('pve', 101, within(10_000));
    expect(starts).toBe(2);
  });

  it('ends after a bounded number of tries', async () => {
    const { containers } = connect((seen) =>
      seen.method === 'POST' ? { status: 500, reason: 'got no worker upid - start worker failed' } : { data: '101' },
    );
    await refusal(containers.create('pve', 101, CREATE, within(20_000)));
    expect(server.of('POST')).toHaveLength(3);
  });
});

describe('marks', () => {
  it('a PUT of the description with the digest', async () => {
    expect(await connect(() => ({ data: null })).marks.write('pve', 101, 'x', 'abc', within(5000))).toBe(true);
    expect(server.of('PUT')[0]).toMatchObject({ path: '/nodes/pve/lxc/101/config', body: 'description=x&digest=abc' });
  });

  it('a stale digest: false, and sent once', async () => {
    const reason = 'detected modified configuration - file changed by other user? Try again.';
    const { marks } = connect(() => ({ status: 500, reason }));
    expect(await marks.write('pve', 101, 'x', 'abc', within(5000))).toBe(false);
    expect(server.seen).toHaveLength(1);
  });

  it('a description that is too long is refused before', async () => {
    const error = await refusal(connect(() => ({})).marks.write('pve', 101, 'ü'.repeat(8193), 'abc', within(5000)));
    expect(error.kind).toBe('user');
    expect(server.seen).toEqual([]);
  });
});
