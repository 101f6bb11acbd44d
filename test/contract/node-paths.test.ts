import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dataOf, type NodeClient, startTestNode, type TestNode } from './support/node-client.ts';

/** How a call is found by its path, as PVE::RESTHandler finds it: proxmoxer writes volume ids as they are. */

let test: TestNode;
let root: NodeClient;

beforeAll(async () => {
  test = await startTestNode();
  root = test.root;
  const folder = join(test.node.core.storages.directory('local'), 'template', 'iso');
  mkdirSync(folder, { recursive: true });
  for (const name of ['a.iso', 'b.iso']) writeFileSync(join(folder, name), 'image');
});
afterAll(() => test.close());

const CONTENT = '/nodes/pve/storage/local/content';

it.each(['local:iso/a.iso', 'local%3Aiso%2Fa.iso', 'local:iso//a.iso', 'iso/a.iso'])(
  'a volume id takes the rest of a path: %s',
  async (volume) => {
    const reply = await root.call('GET', `${CONTENT}/${volume}`);
    expect(dataOf(reply)).toMatchObject({ size: 5, path: '/var/lib/vz/template/iso/a.iso' });
  },
);

it('a volume is removed by its plain id', async () => {
  const ended = await test.task(root, 'DELETE', `${CONTENT}/local:iso/b.iso`);
  expect(ended).toBe('OK');
  const left = dataOf<readonly { volid: string }[]>(await root.call('GET', CONTENT, { content: 'iso' }));
  expect(left.map(({ volid }) => volid)).toEqual(['local:iso/a.iso']);
});

it.each([
  ['a slash in a name, however it is written', 'GET', '/pools/a%2Fb'],
  ['a blank in a name', 'GET', '/nodes/pve/lxc/1%2000/config'],
  ['a token id that cannot be one', 'POST', '/access/users/root@pam/token/1st'],
  ['more than there is', 'GET', '/nodes/pve/lxc/100/config/more'],
])('%s is no call', async (_name, method, path) => {
  const reply = await root.call(method, path);
  expect([reply.status, reply.reason]).toEqual([501, `Method '${method} ${decodeURIComponent(path)}' not implemented`]);
});
