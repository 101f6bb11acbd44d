import { createServer, type Server } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProxmoxPorts } from '../../src/adapters/proxmox/proxmox.ts';
import type { Connection, Trust } from '../../src/model/settings.ts';
import { freePort } from '../free-port.ts';
import { Authority, type Certificate } from './proxmox-certificates.ts';
import { client, refusal, TOKEN, within } from './proxmox-client.ts';
import { type Script, ScriptedServer } from './proxmox-scripted-server.ts';
import { openTarget, type Target } from './proxmox-target.ts';
import { Forwarder } from './support/forwarder.ts';

/** Several API hosts: which one is asked, when the next one is, and what is never sent to two. */

const GUESTS: Script = () => ({ data: [] });

let authority: Authority;
let certificate: Certificate;
const open: { close(): Promise<void> }[] = [];

beforeAll(() => {
  authority = new Authority();
  certificate = authority.issue('IP:127.0.0.1');
});

afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

afterAll(() => authority.remove());

async function server(script: Script = GUESTS, own = certificate): Promise<ScriptedServer> {
  const made = await new ScriptedServer(own, script).open();
  open.push(made);
  return made;
}

function connect(hosts: readonly string[], given: Partial<Connection> = {}, options = {}): ProxmoxPorts {
  const trust: Trust = { kind: 'ca', pem: authority.pem };
  const ports = client({ hosts, trust, token: TOKEN, ...given }, options);
  open.push(ports);
  return ports;
}

/** Takes connections and never says a word. */
async function mute(): Promise<string> {
  const listening = createServer(() => undefined);
  await new Promise<void>((done) => listening.listen(0, '127.0.0.1', done));
  const sockets: { destroy(): void }[] = [];
  listening.on('connection', (socket) => sockets.push(socket));
  open.push({
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => listening.close(done));
    },
  });
  return `127.0.0.1:${((listening as Server).address() as { port: number }).port}`;
}

const at = ({ port }: { readonly port: number }): string => `127.0.0.1:${port}`;
const dead = async (): Promise<string> => `127.0.0.1:${await freePort()}`;

describe('reads', () => {
  it('the first host is dead: the second answers, and goes on being asked', async () => {
    const second = await server();
    const first = await dead();
    const debug: string[] = [];
    const { inventory } = connect([first, at(second)], {}, { debug: (line: string) => debug.push(line) });
    await inventory.guests(within(5000));
    await inventory.guests(within(5000));
    expect(second.seen).toHaveLength(2);
    expect(debug.filter((line) => line.includes(first))).toHaveLength(1);
  });

  it('the first host takes the connection and shows no certificate', async () => {
    const second = await server();
    const { inventory } = connect([await mute(), at(second)], {}, { connectMs: 200 });
    expect(await inventory.guests(within(5000))).toEqual([]);
  });

  it.each(['silence', 'stall', 'reset'] as const)(
    'the first host ends in %s: the second one is asked',
    async (reply) => {
      const [first, second] = [await server(() => reply), await server()];
      const { inventory } = connect([at(first), at(second)], {}, { readMs: 300 });
      expect(await inventory.guests(within(5000))).toEqual([]);
      expect([first.seen.length, second.seen.length]).toEqual([1, 1]);
    },
  );

  it('a host that comes back is asked when the other one fails', async () => {
    const second = await server();
    const [one, other] = [new Forwarder(() => second.port), new Forwarder(() => second.port)];
    open.push(await one.open(), await other.open());
    const { inventory } = connect([one.host, other.host]);
    await inventory.guests(within(5000));
    await one.die();
    await inventory.guests(within(5000));
    await one.open();
    await inventory.guests(within(5000));
    expect(one.connections).toBe(1);
    await other.die();
    await inventory.guests(within(5000));
    expect(one.connections).toBe(2);
  });

  it('a connection that the server had closed does not end a read because the other host is dead', async () => {
    const first = await server((_seen, count) => (count === 1 ? 'reset' : { data: [] }));
    const { inventory } = connect([at(first), await dead()]);
    expect(await inventory.guests(within(10_000))).toEqual([]);
  });

  it('no host answers: every one is named with its reason', async () => {
    const hosts = [await dead(), at(await server(() => 'silence'))];
    const error = await refusal(connect(hosts, {}, { readMs: 200 }).inventory.guests(within(20_000)));
    expect(error.kind).toBe('remote');
    expect(error.message).toContain('Unable to list the guests: no Proxmox VE host answers: ');
    expect(error.message).toContain(`${hosts[0]}: connect ECONNREFUSED`);
    expect(error.message).toContain(`${hosts[1]}: no answer within 0.2 s`);
    expect(error.remote).toMatchObject({ status: 0 });
    expect(error.remote.uncertain).toBeUndefined();
  });
});

describe('writes', () => {
  const start = (ports: ProxmoxPorts) => ports.containers.start('pve', 100, within(10_000));
  const already: Script = (seen) =>
    seen.method === 'POST' ? { status: 500, reason: 'CT 100 already running' } : { data: [] };

  it('nobody was there to take it: the second host gets it, once', async () => {
    const second = await server(already);
    await start(connect([await dead(), at(second)]));
    expect(second.of('POST')).toHaveLength(1);
  });

  it.each(['reset', 'stall', 'silence'] as const)(
    'the first host read it and ended in %s: sent to no other',
    async (reply) => {
      const [first, second] = [await server(() => reply), await server(already)];
      const error = await refusal(start(connect([at(first), at(second)], {}, { writeMs: 300 })));
      expect(first.of('POST')).toHaveLength(1);
      expect(second.seen).toEqual([]);
      expect(error.remote.uncertain).toBe(true);
    },
  );

  it('after it, the look that follows goes to the other host', async () => {
    const [first, second] = [await server((seen) => (seen.method === 'POST' ? 'reset' : { data: [] })), await server()];
    const ports = connect([at(first), at(second)]);
    await refusal(start(ports));
    await ports.inventory.guests(within(5000));
    expect([first.of('GET').length, second.of('GET').length]).toEqual([0, 1]);
  });

  it('no host answers: it was not sent, and the error does not say that it may have been', async () => {
    const hosts = [await dead(), await dead()];
    const error = await refusal(start(connect(hosts)));
    for (const host of hosts) expect(error.message).toContain(`${host}: connect ECONNREFUSED`);
    expect(error.remote.uncertain).toBeUndefined();
  });
});

describe('certificates', () => {
  it('a wrong one at the first host is an alarm: no other host is asked, nothing is sent', async () => {
    const [first, second] = [await server(GUESTS, authority.issue('DNS:elsewhere.example')), await server()];
    const error = await refusal(connect([at(first), at(second)]).inventory.guests(within(5000)));
    expect(error.message).toContain(`the certificate of ${at(first)} is not trusted`);
    expect([...first.seen, ...second.seen]).toEqual([]);
  });

  it('a wrong one behind a dead host: the error names both, and how to add the fingerprint of that host', async () => {
    const stranger = authority.issue('DNS:elsewhere.example');
    const [first, second] = [await dead(), await server(GUESTS, stranger)];
    const error = await refusal(connect([first, at(second)]).inventory.guests(within(5000)));
    expect(error.message).toContain(`the certificate of ${at(second)} is not trusted`);
    expect(error.message).toContain(`before it: ${first}: connect ECONNREFUSED`);
    expect(error.advice.join('\n')).toContain(`"fingerprint": { …, "${at(second)}": "${stranger.fingerprint}" }`);
  });

  it('each host has its own fingerprint, and the one of another host is not enough', async () => {
    const other = authority.issue('DNS:pve2');
    const [first, second] = [await server(), await server(GUESTS, other)];
    const hosts = [at(first), at(second)] as const;
    const right = { [hosts[0]]: certificate.fingerprint, [hosts[1]]: other.fingerprint };
    const swapped = { [hosts[0]]: other.fingerprint, [hosts[1]]: certificate.fingerprint };
    for (const host of hosts) {
      const good = connect([host], { trust: { kind: 'fingerprints', byHost: right } });
      expect(await good.inventory.guests(within(5000))).toEqual([]);
      const bad = connect([host], { trust: { kind: 'fingerprints', byHost: swapped } });
      expect((await refusal(bad.inventory.guests(within(5000)))).message).toContain('is not trusted');
    }
  });

  it('a host without a fingerprint is verified by the public CAs', async () => {
    const first = await server();
    const ports = connect([at(first)], {
      trust: { kind: 'fingerprints', byHost: { 'other:8006': certificate.fingerprint } },
    });
    expect((await refusal(ports.inventory.guests(within(5000)))).message).toContain('is not trusted');
    expect(first.seen).toEqual([]);
  });
});

describe('a cluster’s node behind two addresses', () => {
  let target: Target;
  const port = (): number => Number(target.connection.hosts[0]?.split(':')[1]);

  beforeAll(async () => {
    target = await openTarget();
  });

  afterAll(() => target.close());

  async function addresses(): Promise<readonly [Forwarder, Forwarder]> {
    const made = [await new Forwarder(port).open(), await new Forwarder(port).open()] as const;
    open.push(...made);
    return made;
  }

  it('one dies in mid-run: the run goes on over the other', async () => {
    const [one, other] = await addresses();
    const ports = connect([one.host, other.host], { ...target.connection, hosts: [one.host, other.host] });
    const template = (await ports.inventory.offeredTemplates('pve', within(5000)))[0]?.name ?? '';
    await ports.containers.downloadTemplate('pve', 'local', template, within(20_000));
    const parameters = {
      ostemplate: `local:vztmpl/${template}`,
      rootfs: 'local-lvm:1',
      unprivileged: 1,
      hostname: 'x',
    };
    const created = ports.containers.create('pve', 301, parameters, within(20_000));
    await one.die();
    await created.catch((error: unknown) => expect(error).toMatchObject({ remote: { uncertain: true } }));
    await expect
      .poll(async () => (await ports.inventory.container('pve', 301, within(5000)))?.lock ?? 'none', {
        timeout: 10_000,
      })
      .toBe('none');
    await ports.containers.start('pve', 301, within(10_000));
    expect((await ports.inventory.container('pve', 301, within(5000)))?.running).toBe(true);
    expect(other.connections).toBeGreaterThan(0);
  });

  it('a ticket of one is good at the other: one login', async () => {
    const [one, other] = await addresses();
    const { token: _, ...byPassword } = target.connection;
    const before = (await target.control('GET', 'calls')) as Record<string, number>;
    const ports = client({ ...byPassword, hosts: [one.host, other.host] });
    open.push(ports);
    await ports.inventory.guests(within(5000));
    await one.die();
    await ports.inventory.guests(within(5000));
    const after = (await target.control('GET', 'calls')) as Record<string, number>;
    expect((after['POST /access/ticket'] ?? 0) - (before['POST /access/ticket'] ?? 0)).toBe(1);
  });
});
