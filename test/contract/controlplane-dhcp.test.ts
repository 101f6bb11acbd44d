import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ActionContext } from '../../src/action.ts';
import { connectMask } from '../../src/connect.ts';
import { runsIn } from '../../src/controlplane/by-pilot.ts';
import { DATA, siteFiles } from '../../src/controlplane/site-config.ts';
import { define, provision } from '../../src/deploy.ts';
import { furnished } from '../../src/furnish.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { Ports } from '../../src/model/ports.ts';
import type { RunOptions } from '../../src/run.ts';
import { dataOf } from './support/node-client.ts';
import { SiteOfNode } from './support/site-of-node.ts';

/** A control plane whose definition says DHCP: where it is only the node knows. On a simulated node, which gives addresses. */

const LIB = resolve(import.meta.dirname, '..', '..', 'libs', 'config');
const NAME = { name: 'config', owner: 'srv/config', stage: 'main' };
const COMMIT = 'a'.repeat(40);
/** Nobody answers there. */
const FORGE = 'http://127.0.0.1:1';

let site: SiteOfNode;
let ports: Ports;
let options: Omit<RunOptions, 'scope'>;
let directory: string;
let address: string;
const said: string[] = [];

beforeAll(async () => {
  site = await SiteOfNode.open('9.1');
  const settings = site.settings();
  const connected = await site.ports(settings);
  const here: Readonly<Record<string, string>> = {
    'config.json': siteFiles(new Map([['login', 'somebody']]), { withCa: false }).config,
  };
  const { source } = connected;
  ports = {
    ...connected,
    reporter: { tell: (happening) => void said.push(JSON.stringify(happening)) },
    source: {
      ...source,
      list: async (folder) => (folder.startsWith(DATA) ? undefined : source.list(folder)),
      // As on a control plane: this machine is none.
      read: async (folder, names) => {
        if (folder !== `${DATA}/site`) return source.read(folder, names);
        const found = names.filter((name) => name in here);
        return new Map(found.map((name) => [name, new TextEncoder().encode(here[name])]));
      },
    },
  };
  directory = join(site.folder, 'config');
  cpSync(LIB, directory, { recursive: true });
  const file = join(directory, 'container.yml');
  const text = readFileSync(file, 'utf8')
    .replace(/^ip: .*$/m, 'ip: dhcp')
    .replace(/^template: .*\n/m, '');
  writeFileSync(file, text);
  const desired = await define(ports, settings, directory, { ...NAME, commit: COMMIT });
  options = { settings, desired, directory, signal: new AbortController().signal };
});
afterAll(() => site?.close());

const control = (body: object) => ({
  'content-type': 'application/json',
  'x-control-secret': 'for this test',
  body: JSON.stringify(body),
});

it('is not where it runs before it is there', async () => {
  expect(await runsIn(ports, options, directory, ['127.0.0.1'])).toBe(false);
});

it('runs of its own know that they are in it, by the address that the node tells', async () => {
  const outcome = await provision(ports, options);
  expect(outcome.kind, JSON.stringify(outcome)).toBe('done');
  const path = '/nodes/pve/lxc/1041/interfaces';
  const [, eth0] = dataOf<readonly { readonly inet?: string }[]>(await site.client.call('GET', path));
  address = (eth0?.inet ?? '').split('/')[0] ?? '';
  expect(address).toMatch(/^10\./);
  expect(await runsIn(ports, options, directory, ['127.0.0.1', address])).toBe(true);
  expect(await runsIn(ports, options, directory, ['127.0.0.1'])).toBe(false);
});

/** As the last action of a run does it. */
async function end(serverUrl: string): Promise<{ readonly configured: string[]; readonly result: Promise<Outcome> }> {
  const { body, ...headers } = control({ name: 'read', exitCode: 0, stdout: '61 62 63', stderr: '' });
  expect((await site.node.root.raw('PUT', '/control/answers', body, headers)).status).toBe(200);
  const environment = { GITHUB_SERVER_URL: serverUrl };
  const context = { ports, environment, mask: connectMask(), inputs: { token: 'of-the-job' } };
  const configured: string[] = [];
  const configure = async (_: Ports, { directory: used = '' }: Omit<RunOptions, 'scope'>): Promise<Outcome> => {
    configured.push(readFileSync(join(used, 'site', 'config.json'), 'utf8'));
    return { kind: 'done' } as unknown as Outcome;
  };
  const result = furnished(context as unknown as ActionContext, options, configure);
  return { configured, result };
}

it('at another place it is handed what this one has, as with a fixed address', async () => {
  const { configured, result } = await end(FORGE);
  // What comes next is this forge's own: nobody answers there.
  await expect(result).rejects.toThrow(/srv\/config/);
  expect(configured.map((text) => JSON.parse(text))).toEqual([
    { login: 'somebody', state_directory: '/srv/control-plane/state' },
  ]);
  expect(said.join('\n')).toContain(`config has ${address} by DHCP`);
});

it('at this place it is not', async () => {
  const { configured, result } = await end(`http://${address}:8080`);
  await expect(result).rejects.toThrow(/ENOENT/);
  expect(configured).toEqual([]);
});
