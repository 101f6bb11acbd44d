import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProxmoxPorts } from '../../src/adapters/proxmox/proxmox.ts';
import type { Clock } from '../../src/model/ports.ts';
import type { Connection } from '../../src/model/settings.ts';
import { Authority } from './proxmox-certificates.ts';
import { client, refusal, TOKEN, within } from './proxmox-client.ts';
import { type Reply, ScriptedServer, type Seen } from './proxmox-scripted-server.ts';

const UPID = 'UPID:pve:00003AD3:0004C128:6B0155F0:vzstart:100:root@pam:';
const PASSWORD = { user: 'root@pam', password: 'p&w=ö %' };

let authority: Authority;
let server: ScriptedServer;
let ports: ProxmoxPorts;
let now = Date.parse('2026-11-21T08:00:00Z');
const clock: Clock = { now: () => new Date(now), sleep: async () => undefined };
/** Tickets that the server takes at the moment. */
const valid = new Set<string>();

beforeAll(async () => {
  authority = new Authority();
  server = await new ScriptedServer(authority.issue('IP:127.0.0.1'), () => ({})).open();
});

afterEach(async () => {
  await ports.close();
  valid.clear();
});

afterAll(async () => {
  await server.close();
  authority.remove();
});

function connect(identity: Partial<Connection>): ProxmoxPorts {
  server.play(play);
  ports = client(
    { hosts: [`127.0.0.1:${server.port}`], trust: { kind: 'ca', pem: authority.pem }, ...identity },
    { clock },
  );
  return ports;
}

/** Logs in with the password or a valid ticket, takes valid tickets and the token, and refuses all else. */
function play(seen: Seen, count: number): Reply {
  const form = new URLSearchParams(seen.body);
  if (seen.path === '/access/ticket') {
    const password = form.get('password') ?? '';
    if (password !== PASSWORD.password && !valid.has(password))
      return { status: 401, reason: 'authentication failure' };
    const ticket = `PVE:root@pam:${count}::sig+/=`;
    valid.add(ticket);
    return { data: { ticket, CSRFPreventionToken: `csrf-${count}`, username: 'root@pam' } };
  }
  const cookie = decodeURIComponent(/PVEAuthCookie=(.*)/.exec(seen.headers.cookie ?? '')?.[1] ?? '');
  const token = seen.headers.authorization === `PVEAPIToken=${TOKEN.id}=${TOKEN.secret}`;
  // As the server does it: no body with a 401.
  if (!token && !valid.has(cookie)) return { status: 401, reason: 'permission denied - invalid PVE ticket', raw: '' };
  const csrf = `csrf-${/root@pam:(\d+)/.exec(cookie)?.[1]}`;
  if (!token && seen.method !== 'GET' && seen.headers.csrfpreventiontoken !== csrf) {
    return { status: 401, reason: 'Permission denied - invalid csrf token', raw: '' };
  }
  if (seen.path.endsWith('/log')) return { data: [{ n: 1, t: 'TASK OK' }] };
  if (seen.path.includes('/tasks/')) return { data: { status: 'stopped', exitstatus: 'OK' } };
  return seen.method === 'GET' ? { data: [] } : { data: UPID };
}

const logins = (): readonly Seen[] => server.seen.filter((seen) => seen.path === '/access/ticket');

describe('an API token', () => {
  it('goes in the header, without login, cookie and CSRF token', async () => {
    await connect({ token: TOKEN }).containers.start('pve', 100, within(5000));
    expect(logins()).toEqual([]);
    expect(server.of('POST')[0]?.headers.authorization).toBe(`PVEAPIToken=${TOKEN.id}=${TOKEN.secret}`);
    expect(server.of('POST')[0]?.headers.cookie).toBeUndefined();
  });

  it('that is wrong: one request, the server’s words, and what to check', async () => {
    const error = await refusal(connect({ token: { ...TOKEN, secret: 'wrong' } }).inventory.guests(within(5000)));
    expect(server.seen).toHaveLength(1);
    expect(error.kind).toBe('remote');
    expect(error.message).toBe('Unable to list the guests: 401 permission denied - invalid PVE ticket');
    expect(error.remote.status).toBe(401);
    expect(error.advice.join()).toContain('API token');
    expect(JSON.stringify([error.message, error.advice, error.stack])).not.toContain('wrong');
  });

  it('serves all calls when a password stands beside it, but for those reserved to root@pam', async () => {
    const { containers } = connect({ token: TOKEN, ...PASSWORD });
    const parameters = { ostemplate: 'local:vztmpl/x.tar.zst', rootfs: 'local:4', unprivileged: 1 };
    await containers.create('pve', 100, { ...parameters, features: 'nesting=1' }, within(5000));
    expect(logins()).toEqual([]);
    await containers.create('pve', 100, { ...parameters, mp0: '/srv/data,mp=/data' }, within(5000));
    expect(logins()).toHaveLength(1);
    const [byToken, byTicket] = server.seen.filter((seen) => seen.method === 'POST' && seen.path.endsWith('/lxc'));
    expect(byToken?.headers.authorization).toBeDefined();
    expect(byTicket?.headers.authorization).toBeUndefined();
    expect(byTicket?.headers.csrfpreventiontoken).toBe('csrf-1');
  });

  it('is not helped by the password of someone who is not root@pam', async () => {
    const { containers } = connect({ token: TOKEN, user: 'ops@pve', password: PASSWORD.password });
    const parameters = { ostemplate: 'local:vztmpl/x.tar.zst', rootfs: 'local:4', unprivileged: 1, dev0: '/dev/fuse' };
    await containers.create('pve', 100, parameters, within(5000));
    expect(logins()).toEqual([]);
  });
});

describe('a password', () => {
  it('is sent once, as a form, for many calls at once', async () => {
    const { inventory } = connect(PASSWORD);
    await Promise.all([1, 2, 3].map(() => inventory.guests(within(5000))));
    expect(logins()).toHaveLength(1);
    expect(logins()[0]?.body).toBe('username=root%40pam&password=p%26w%3D%C3%B6%20%25');
    expect(logins()[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded');
  });

  it('writes carry the CSRF token, reads do not', async () => {
    await connect(PASSWORD).containers.start('pve', 100, within(5000));
    const post = server.of('POST').find((seen) => seen.path.endsWith('/start'));
    expect(post?.headers.csrfpreventiontoken).toBe('csrf-1');
    expect(server.of('GET').every((seen) => seen.headers.csrfpreventiontoken === undefined)).toBe(true);
  });

  it('the ticket is renewed with itself before its two hours are over', async () => {
    const { inventory } = connect(PASSWORD);
    await inventory.guests(within(5000));
    now += 89 * 60_000;
    await inventory.guests(within(5000));
    expect(logins()).toHaveLength(1);
    now += 2 * 60_000;
    await inventory.guests(within(5000));
    expect(logins()).toHaveLength(2);
    expect(new URLSearchParams(logins()[1]?.body).get('password')).toBe('PVE:root@pam:1::sig+/=');
  });

  it('a ticket that is too old to be renewed is replaced by the password’s', async () => {
    const { inventory } = connect(PASSWORD);
    await inventory.guests(within(5000));
    now += 5 * 3_600_000;
    await inventory.guests(within(5000));
    expect(new URLSearchParams(logins()[1]?.body).get('password')).toBe(PASSWORD.password);
  });

  it('a 401 for a ticket that should be good: a new one, and the call once more, a write too', async () => {
    const { inventory, containers } = connect(PASSWORD);
    await inventory.guests(within(5000));
    valid.clear();
    await containers.start('pve', 100, within(5000));
    expect(logins()).toHaveLength(2);
    expect(server.of('POST').filter((seen) => seen.path.endsWith('/start'))).toHaveLength(2);
  });

  it('a second 401 is the end', async () => {
    const { inventory } = connect(PASSWORD);
    server.play((seen, count) =>
      seen.path === '/access/ticket' ? play(seen, count) : { status: 401, reason: 'Authentication failed!', raw: '' },
    );
    const error = await refusal(inventory.guests(within(5000)));
    expect(server.of('GET')).toHaveLength(2);
    expect(error.remote.status).toBe(401);
  });

  it('a wrong one: one attempt, and what to check', async () => {
    const { inventory } = connect({ user: 'root@pam', password: 'secret and wrong' });
    const error = await refusal(inventory.guests(within(5000)));
    expect(logins()).toHaveLength(1);
    expect(error.message).toBe('Unable to list the guests: 401 authentication failure');
    expect(error.advice.join()).toContain('realm');
    expect(JSON.stringify([error.message, error.advice, error.stack])).not.toContain('secret and wrong');
  });

  it('an account with a second factor: an error that names the way out', async () => {
    const { inventory } = connect(PASSWORD);
    server.play(() => ({ data: { ticket: 'PVE:!tfa!x', CSRFPreventionToken: 'y', NeedTFA: 1 } }));
    const error = await refusal(inventory.guests(within(5000)));
    expect(error.kind).toBe('user');
    expect(error.advice.join()).toContain('API token');
  });

  it('a login that is cut short by one caller does not end it for another', async () => {
    const { inventory } = connect(PASSWORD);
    server.play((seen, count) => (seen.path === '/access/ticket' && count === 1 ? 'silence' : play(seen, count)));
    const ending = new AbortController();
    const first = refusal(inventory.guests(within(5000, ending.signal)));
    const second = inventory.guests(within(5000));
    await expect.poll(() => logins().length).toBe(1);
    ending.abort();
    expect((await first).message).toContain('cancelled');
    expect(await second).toEqual([]);
  });
});
