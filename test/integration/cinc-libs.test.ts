import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClock } from '../../src/adapters/clock/clock.ts';
import { createSource } from '../../src/adapters/source/source.ts';
import { configure } from '../../src/configure/configure.ts';
import { guestEnvironment } from '../../src/configure/environment.ts';
import type { Shell } from '../../src/model/ports.ts';
import { openCincGuest } from './cinc-guest.ts';
import { type GuestHost, openGuestHost, within } from './guest-container.ts';

/**
 * The recipes of libs, all in one container: they do not get in each other’s way, and it takes a third of the time.
 */

const LIBS = resolve(import.meta.dirname, '../../libs');
let host: GuestHost;
let shell: Shell;
let inside: (script: string) => Promise<string>;

beforeAll(async () => {
  host = await openGuestHost();
  ({ shell, inside } = await openCincGuest(host, 941));
});
afterAll(async () => {
  await host?.close();
});

function converge(name: string, password = 'Geheim 4711') {
  const facts = { id: 941, hostname: name, stage: 'main', ip: '192.168.178.43', login: 'anna', password };
  const input = {
    vmid: 941,
    name,
    archive: createSource().archive(join(LIBS, name)),
    environment: guestEnvironment(facts),
    site: [
      { name: 'apache', stage: 'main', hostname: 'apache', vmid: 1, address: '192.0.2.1' },
      // Nothing listens on its port here: not the proxy itself, which would ask itself for ever.
      { name: 'cache', stage: 'main', hostname: 'cache', vmid: 4, address: '127.0.0.1' },
      { name: 'broker', stage: 'main', hostname: 'broker', vmid: 2, address: '127.0.0.1' },
      { name: 'web', stage: 'develop', hostname: 'develop-web', vmid: 3, address: '127.0.0.1' },
    ],
  };
  return configure('cinc', shell, input, createClock(), within(300), () => undefined);
}

it('broker takes its login and nobody else, and tells the others where it is', async () => {
  const first = await converge('broker');
  expect(first.variables).toEqual({ BROKER_ADDRESS: '192.168.178.43:1883' });
  expect((await converge('broker')).changed).toEqual([]);
  await inside('apt-get install -q -y --no-install-recommends mosquitto-clients');
  const publish = (password: string) =>
    inside(`mosquitto_pub -h 127.0.0.1 -t a -m b -u anna -P '${password}' 2>&1 && echo taken || true`);
  expect(await publish('Geheim 4711')).toBe('taken');
  expect(await publish('falsch')).toContain('not authorised');
  expect((await converge('broker', 'Neu 4712')).changed).toContain('ruby_block[passwords of the broker] run');
  expect(await publish('Neu 4712')).toBe('taken');
});

it('proxy has a host for each container of its stage that listens', async () => {
  await converge('proxy');
  expect((await converge('proxy')).changed).toEqual([]);
  expect(await inside('curl -s http://127.0.0.1/')).toBe('proxy: apache.home.arpa cache.home.arpa');
  const code = "curl -s -m 5 -o /dev/null -w '%{http_code}'";
  expect(await inside(`${code} -H 'Host: broker.home.arpa' http://127.0.0.1/`)).toBe('200');
  const root = '/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt';
  const https = `${code} --cacert ${root} --resolve cache.home.arpa:443:127.0.0.1 https://cache.home.arpa/`;
  // Its certificate is made in the background.
  const answer = await inside(
    `for n in $(seq 20); do c=$(${https}); [ "$c" = 000 ] || break; sleep 0.5; done; echo $c`,
  );
  expect(answer).toBe('502');
});

it('share gives the site’s login one directory, whose files belong to app', async () => {
  await converge('share');
  expect((await converge('share')).changed).toEqual([]);
  await inside('apt-get install -q -y --no-install-recommends smbclient');
  const login = "printf 'username = anna\\npassword = %s\\n' 'Geheim 4711' >/run/login; chmod 600 /run/login";
  expect(
    await inside(
      `${login}; echo hello >/run/hello; smbclient //127.0.0.1/share -A /run/login -c 'put /run/hello hello' 2>&1`,
    ),
  ).toContain('putting file');
  expect(await inside('cat /srv/share/hello; stat -c %U:%G /srv/share/hello')).toBe('hello\napp:config');
  expect(await inside("smbclient //127.0.0.1/share -U 'anna%falsch' -c ls 2>&1 || true")).toContain('LOGON_FAILURE');
});
