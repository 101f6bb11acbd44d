import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProxmoxPorts } from '../../src/adapters/proxmox/proxmox.ts';
import type { Trust } from '../../src/model/settings.ts';
import { Authority, type Certificate } from './proxmox-certificates.ts';
import { client, refusal, TOKEN, within } from './proxmox-client.ts';
import { ScriptedServer } from './proxmox-scripted-server.ts';

const NO_GUESTS = () => ({ data: [] });

let authority: Authority;
let certificate: Certificate;
let server: ScriptedServer;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  authority = new Authority();
  certificate = authority.issue('IP:127.0.0.1,DNS:localhost');
  server = await new ScriptedServer(certificate, NO_GUESTS).open();
});

afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
  server.play(NO_GUESTS);
});

afterAll(async () => {
  await server.close();
  authority.remove();
});

function connect(trust: Trust, hosts = [`127.0.0.1:${server.port}`], options = {}): ProxmoxPorts {
  const ports = client({ hosts, trust, token: TOKEN }, options);
  open.push(ports);
  return ports;
}

const byCa = (): Trust => ({ kind: 'ca', pem: authority.pem });

describe('trust', () => {
  it('a CA file: verified by chain and name', async () => {
    expect(await connect(byCa()).inventory.guests(within(5000))).toEqual([]);
  });

  it('a fingerprint: nothing else counts, not even an expired certificate for another name', async () => {
    const expired = authority.issue('DNS:elsewhere.example', -1);
    const other = await new ScriptedServer(expired, NO_GUESTS).open();
    open.push(other);
    const ports = connect({ kind: 'fingerprint', sha256: expired.fingerprint }, [`127.0.0.1:${other.port}`]);
    expect(await ports.inventory.guests(within(5000))).toEqual([]);
  });

  it('an unknown CA: an error with the fingerprint, where to compare it, and the line to add; nothing was sent', async () => {
    const error = await refusal(connect({ kind: 'system' }).inventory.guests(within(5000)));
    expect(error.kind).toBe('remote');
    expect(error.message).toContain(certificate.fingerprint);
    expect(error.advice.join('\n')).toContain('System → Certificates');
    expect(error.advice.join('\n')).toContain(`PROXMOX_FINGERPRINT=${certificate.fingerprint}`);
    expect(error.advice.join('\n')).toContain(`"fingerprint": "${certificate.fingerprint}"`);
    expect(server.seen).toEqual([]);
  });

  it('another CA than the one that was given: refused with the fingerprint', async () => {
    const stranger = new Authority();
    const error = await refusal(connect({ kind: 'ca', pem: stranger.pem }).inventory.guests(within(5000)));
    stranger.remove();
    expect(error.message).toContain(certificate.fingerprint);
    expect(server.seen).toEqual([]);
  });

  it('a certificate for another name: refused although the CA is right', async () => {
    const elsewhere = await new ScriptedServer(authority.issue('DNS:elsewhere.example'), NO_GUESTS).open();
    open.push(elsewhere);
    const error = await refusal(connect(byCa(), [`127.0.0.1:${elsewhere.port}`]).inventory.guests(within(5000)));
    expect(error.kind).toBe('remote');
    expect(error.message).toMatch(/IP: 127\.0\.0\.1 is not in the cert/);
    expect(elsewhere.seen).toEqual([]);
  });

  it('a changed certificate: both fingerprints, no host after it is tried, no byte of a request is sent', async () => {
    const old = authority.issue('IP:127.0.0.1').fingerprint;
    const second = await new ScriptedServer(certificate, NO_GUESTS).open();
    open.push(second);
    const hosts = [`127.0.0.1:${server.port}`, `127.0.0.1:${second.port}`];
    const error = await refusal(connect({ kind: 'fingerprint', sha256: old }, hosts).inventory.guests(within(5000)));
    expect(error.kind).toBe('remote');
    expect(error.message).toContain(`${certificate.fingerprint}, expected was ${old}`);
    expect(error.advice.join('\n')).toContain(`PROXMOX_FINGERPRINT=…,${hosts[0]}=${certificate.fingerprint}`);
    expect([...server.seen, ...second.seen]).toEqual([]);
  });

  it('several fingerprints, for hosts with certificates of their own', async () => {
    const another = authority.issue('DNS:other');
    const other = await new ScriptedServer(another, NO_GUESTS).open();
    open.push(other);
    const sha256 = `${certificate.fingerprint},${another.fingerprint.toLowerCase().replaceAll(':', '')}`;
    for (const port of [server.port, other.port]) {
      const ports = connect({ kind: 'fingerprint', sha256 }, [`127.0.0.1:${port}`]);
      expect(await ports.inventory.guests(within(5000))).toEqual([]);
    }
  });

  it('a password waits for the certificate as well', async () => {
    const ports = client({
      hosts: [`127.0.0.1:${server.port}`],
      trust: { kind: 'fingerprint', sha256: authority.issue('DNS:x').fingerprint },
      user: 'root@pam',
      password: 'not to be seen',
    });
    open.push(ports);
    await refusal(ports.inventory.guests(within(5000)));
    expect(server.seen).toEqual([]);
  });
});

describe('what breaks on the way', () => {
  it('a reset after a POST was read: it is sent once, and the error says that it may have happened', async () => {
    server.play((seen) => (seen.method === 'POST' ? 'reset' : { data: [] }));
    const ports = connect(byCa());
    const error = await refusal(ports.containers.start('pve', 100, within(5000)));
    expect(server.of('POST')).toHaveLength(1);
    expect(error.kind).toBe('remote');
    expect(error.remote).toMatchObject({ status: 0, uncertain: true });
  });

  it.each(['PUT', 'DELETE'])('a reset after a %s: the same', async (method) => {
    server.play((seen) => {
      if (seen.method === method) return 'reset';
      if (seen.path.endsWith('/pending')) return { data: [{ key: 'digest', value: 'abc' }] };
      if (seen.path === '/cluster/status') return { data: [{ type: 'cluster', quorate: 1 }] };
      return { data: { status: 'stopped' } };
    });
    const { containers } = connect(byCa());
    const work =
      method === 'PUT'
        ? containers.update('pve', 100, { set: { memory: 512 }, remove: [] }, 'abc', within(5000))
        : containers.destroy('pve', 100, within(5000));
    const error = await refusal(work);
    expect(server.of(method)).toHaveLength(1);
    expect(error.remote.uncertain).toBe(true);
  });

  it('a reset of a GET: repeated, and then good', async () => {
    server.play((_seen, count) => (count < 3 ? 'reset' : { data: [] }));
    expect(await connect(byCa()).inventory.guests(within(10_000))).toEqual([]);
    expect(server.of('GET')).toHaveLength(3);
  });

  it('a GET that is reset for ever ends after a bounded number of tries, and is not uncertain', async () => {
    server.play(() => 'reset');
    const error = await refusal(connect(byCa()).inventory.guests(within(20_000)));
    expect(server.of('GET')).toHaveLength(3);
    expect(error.remote.uncertain).toBeUndefined();
  });

  it.each(['stall', 'silence'] as const)('%s: the deadline of the call ends it, in the body too', async (reply) => {
    server.play(() => reply);
    const began = performance.now();
    const error = await refusal(connect(byCa()).inventory.guests(within(400)));
    expect(performance.now() - began).toBeLessThan(3000);
    expect(error.message).toBe('Unable to list the guests: not done within 0.4 s');
  });

  it('a stalled GET is tried again within a longer deadline', async () => {
    server.play((_seen, count) => (count === 1 ? 'stall' : { data: [] }));
    expect(await connect(byCa(), undefined, { readMs: 300 }).inventory.guests(within(10_000))).toEqual([]);
  });

  it('a stalled POST is not: uncertain', async () => {
    server.play(() => 'stall');
    const ports = connect(byCa(), undefined, { writeMs: 300 });
    const error = await refusal(ports.containers.start('pve', 100, within(10_000)));
    expect(server.of('POST')).toHaveLength(1);
    expect(error.remote.uncertain).toBe(true);
  });

  it('the caller’s signal ends it at once', async () => {
    server.play(() => 'silence');
    const ending = new AbortController();
    const work = refusal(connect(byCa()).inventory.guests(within(60_000, ending.signal)));
    await expect.poll(() => server.seen.length).toBe(1);
    ending.abort(new Error('stopped by the user'));
    expect((await work).message).toBe('Unable to list the guests: cancelled');
  });

  it('a signal that has ended already sends nothing', async () => {
    const error = await refusal(connect(byCa()).inventory.guests(within(5000, AbortSignal.abort())));
    expect(error.message).toContain('cancelled');
    expect(server.seen).toEqual([]);
  });

  it('an answer that is no JSON: said so', async () => {
    server.play(() => ({ raw: '<html>a login page</html>' }));
    const error = await refusal(connect(byCa()).inventory.guests(within(5000)));
    expect(error.message).toContain('not JSON');
  });

  it('an answer without end is not taken in', async () => {
    server.play(() => ({ raw: ' '.repeat(65 * 1024 * 1024) }));
    const error = await refusal(connect(byCa()).containers.start('pve', 100, within(20_000)));
    expect(error.message).toContain('answer of more than');
  });
});

describe('connections', () => {
  it('reads share one, a write has its own', async () => {
    server.play((seen) => {
      if (seen.method === 'POST') return { status: 500, reason: 'CT 100 already running' };
      return { data: [] };
    });
    const ports = connect(byCa());
    const before = server.connections;
    for (let turn = 0; turn < 3; turn += 1) await ports.inventory.guests(within(5000));
    expect(server.connections - before).toBe(1);
    await ports.containers.start('pve', 100, within(5000));
    expect(server.connections - before).toBe(2);
  });

  it('an idle one is ended before the server would end it, after 5 s', async () => {
    await connect(byCa()).inventory.guests(within(5000));
    const idle = performance.now();
    expect(server.openConnections).toBe(1);
    await expect.poll(() => server.openConnections, { timeout: 10_000 }).toBe(0);
    expect(performance.now() - idle).toBeLessThan(4500);
  });

  it('a host that refuses is passed over, before anything was sent, for writes too', async () => {
    server.play((seen) => (seen.method === 'POST' ? { status: 500, reason: 'CT 100 already running' } : { data: [] }));
    const hosts = [`127.0.0.1:${await closedPort()}`, `127.0.0.1:${server.port}`];
    await connect(byCa(), hosts).containers.start('pve', 100, within(5000));
    expect(server.of('POST')).toHaveLength(1);
  });

  it('a host that dies later: the next one takes over', async () => {
    const first = await new ScriptedServer(certificate, NO_GUESTS).open();
    const ports = connect(byCa(), [`127.0.0.1:${first.port}`, `127.0.0.1:${server.port}`]);
    await ports.inventory.guests(within(5000));
    expect(first.seen).toHaveLength(1);
    await first.close();
    await ports.inventory.guests(within(5000));
    expect(server.seen).toHaveLength(1);
  });

  it('all hosts refuse: one error that names each', async () => {
    const ports = [await closedPort(), await closedPort()];
    const hosts = ports.map((port) => `127.0.0.1:${port}`);
    const error = await refusal(connect(byCa(), hosts).inventory.guests(within(5000)));
    for (const host of hosts) expect(error.message).toContain(host);
    expect(error.remote.status).toBe(0);
  });

  it('a port that speaks no TLS', async () => {
    const plain = createServer((socket) => socket.resume().end('HTTP/1.0 400 Bad Request\r\n\r\n'));
    await new Promise<void>((done) => plain.listen(0, '127.0.0.1', done));
    open.push({ close: () => new Promise((done) => plain.close(() => done())) });
    const { port } = (plain as Server).address() as { port: number };
    const error = await refusal(connect(byCa(), [`127.0.0.1:${port}`]).inventory.guests(within(5000)));
    expect(error.message).toContain('Unable to list the guests: no connection');
  });

  it('a thousand calls at once open few connections', async () => {
    const ports = connect(byCa());
    const before = server.connections;
    await Promise.all(Array.from({ length: 1000 }, () => ports.inventory.guests(within(30_000))));
    expect(server.seen).toHaveLength(1000);
    expect(server.connections - before).toBeLessThanOrEqual(20);
  });
});

describe('the process', () => {
  const root = resolve(import.meta.dirname, '../..');
  const build = join(root, 'test-results', 'contract', `child-${process.pid}`);

  beforeAll(() => {
    // The adapter as JavaScript, inside the repository so that its packages are found.
    mkdirSync(build, { recursive: true });
    const options = [
      '--module',
      'nodenext',
      '--target',
      'es2023',
      '--rewriteRelativeImportExtensions',
      '--rootDir',
      '.',
    ];
    const files = ['src/adapters/proxmox/proxmox.ts', 'src/adapters/clock/clock.ts'];
    const given = ['--ignoreConfig', '--noCheck', ...options, '--outDir', build, ...files];
    execFileSync(join(root, 'node_modules/.bin/tsc'), given, { cwd: root, stdio: 'pipe' });
  });

  afterAll(() => rmSync(build, { recursive: true, force: true }));

  async function run(port: number, pem: string): Promise<{ readonly ms: number; readonly output: string }> {
    const script = join(build, 'main.mjs');
    writeFileSync(
      script,
      `import { connectProxmox } from './src/adapters/proxmox/proxmox.js';
       import { createClock } from './src/adapters/clock/clock.js';
       const trust = { kind: 'ca', pem: process.env.CA };
       const token = { id: 'root@pam!x', secret: 'y' };
       const connection = { hosts: ['127.0.0.1:${port}'], port: 8006, trust, token };
       const ports = connectProxmox(connection, { clock: createClock() });
       const call = { timeoutMs: 60_000, signal: new AbortController().signal };
       const began = performance.now();
       process.on('exit', () => console.log('after', Math.round(performance.now() - began)));
       await ports.inventory.guests(call).then(() => console.log('good'), (error) => console.log(error.message));`,
    );
    const child = await promisify(execFile)(process.execPath, [script], {
      env: { ...process.env, CA: pem },
      timeout: 30_000,
    });
    return { ms: Number(/after (\d+)/.exec(child.stdout)?.[1]), output: child.stdout + child.stderr };
  }

  it('is gone at once after a refused connection', async () => {
    const { ms, output } = await run(await closedPort(), authority.pem);
    expect(output).toContain('ECONNREFUSED');
    expect(ms).toBeLessThan(1000);
  });

  it('is not held by an idle connection', async () => {
    const { ms, output } = await run(server.port, authority.pem);
    expect(output).toContain('good');
    expect(ms).toBeLessThan(1500);
  });
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}
