import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addTemplate,
  dataOf,
  type Fields,
  type NodeClient,
  small,
  startTestNode,
  type TestNode,
} from './support/node-client.ts';

/** Rules, options, aliases, sets and groups of the cluster's, the node's and a container's firewall, as pve-firewall has them. */

let test: TestNode;
let root: NodeClient;

beforeAll(async () => {
  test = await startTestNode();
  root = test.root;
  addTemplate(test);
  await test.task(root, 'POST', '/nodes/pve/lxc', small(100));
});
afterAll(() => test.close());

const read = async (path: string, fields: Fields = {}): Promise<unknown> =>
  dataOf(await root.call('GET', path, fields));
const write = async (method: string, path: string, fields: Fields = {}): Promise<string> => {
  const { status, reason, body } = await root.call(method, path, fields);
  return status === 200 ? 'OK' : JSON.stringify(body?.errors ?? reason);
};
const CLUSTER = '/cluster/firewall';
const GUEST = '/nodes/pve/lxc/100/firewall';
/** Of an object or a list without anything in it. */
const NOTHING = 'da39a3ee5e6b4b0d3255bfef95601890afd80709';

describe.each([
  ['the cluster', CLUSTER],
  ['the node', '/nodes/pve/firewall'],
  ['a container', GUEST],
])('%s', (_name, base) => {
  it('has options, of which numbers are numbers', async () => {
    expect(await read(`${base}/options`)).toEqual({ digest: NOTHING });
    expect(await write('PUT', `${base}/options`, { enable: 1 })).toBe('OK');
    const { digest, ...options } = (await read(`${base}/options`)) as { digest: string };
    expect(options).toEqual({ enable: 1 });
    expect(await write('PUT', `${base}/options`, { enable: 0, digest: NOTHING })).toContain('detected modified');
    expect(await write('PUT', `${base}/options`, { delete: 'enable', digest })).toBe('OK');
    expect(await write('PUT', `${base}/options`, { delete: 'nope' })).toBe('{"delete":"no such option \'nope\'"}');
    expect(await read(`${base}/options`)).toEqual({ digest: NOTHING });
  });

  it('has rules, each with the digest of them all', async () => {
    expect(await read(`${base}/rules`)).toEqual([]);
    await write('POST', `${base}/rules`, { type: 'in', action: 'DROP' });
    await write('POST', `${base}/rules`, {
      type: 'in',
      action: 'ACCEPT',
      macro: 'ssh',
      source: '192.0.2.0/24',
      enable: 1,
    });
    const rules = (await read(`${base}/rules`)) as readonly { digest: string }[];
    const [first, second] = rules;
    const digest = first?.digest ?? '';
    expect(digest).toMatch(/^[0-9a-f]{40}$/);
    expect(rules).toEqual([
      { pos: 0, type: 'in', action: 'ACCEPT', macro: 'SSH', source: '192.0.2.0/24', enable: 1, ipversion: 4, digest },
      { pos: 1, type: 'in', action: 'DROP', enable: 0, digest },
    ]);
    expect(await read(`${base}/rules/1`)).toEqual(second);
    expect(await write('DELETE', `${base}/rules/1`, { digest: NOTHING })).toContain('detected modified');
    expect(await write('DELETE', `${base}/rules/1`, { digest })).toBe('OK');
    expect(await write('DELETE', `${base}/rules/0`)).toBe('OK');
    expect(await write('DELETE', `${base}/rules/0`)).toBe('"no rule at position 0"');
  });
});

it('rules of a kind stand where that kind may', async () => {
  const forward = { type: 'forward', action: 'DROP' };
  expect(await write('POST', `${GUEST}/rules`, forward)).toContain("invalid rule type 'forward' for rule_env 'ct'");
  expect(await write('POST', `${CLUSTER}/rules`, { ...forward, action: 'REJECT' })).toContain('cannot define REJECT');
  expect(await write('POST', `${CLUSTER}/rules`, forward)).toBe('OK');
  expect(await write('DELETE', `${CLUSTER}/rules/0`)).toBe('OK');
  const mixed = { type: 'in', action: 'DROP', source: '192.0.2.1', dest: '2001:db8::1' };
  expect(await write('POST', `${GUEST}/rules`, mixed)).toBe('{"dest":"detected mixed ipv4/ipv6 addresses in rule"}');
});

describe('aliases', () => {
  it('are found whatever their case, and say their version', async () => {
    expect(await write('POST', `${GUEST}/aliases`, { name: 'Office', cidr: '2001:db8::/64', comment: 'Ann' })).toBe(
      'OK',
    );
    expect(await write('POST', `${GUEST}/aliases`, { name: 'office', cidr: '192.0.2.1' })).toBe(
      '{"name":"alias \'office\' already exists"}',
    );
    expect(await write('POST', `${GUEST}/aliases`, { name: 'door', cidr: '192.0.2.1/32' })).toBe('OK');
    const office = { name: 'Office', cidr: '2001:db8::/64', comment: 'Ann', ipversion: 6 };
    expect(await read(`${GUEST}/aliases`)).toMatchObject([{ name: 'door', cidr: '192.0.2.1', ipversion: 4 }, office]);
    expect(await read(`${GUEST}/aliases/oFFice`)).toEqual(office);
  });

  it('may be what a rule is for', async () => {
    const rule = { type: 'in', action: 'ACCEPT' };
    expect(await write('POST', `${GUEST}/rules`, { ...rule, source: 'office' })).toBe('OK');
    expect(await read(`${GUEST}/rules/0`)).toMatchObject({ source: 'office', ipversion: 6 });
    expect(await write('POST', `${CLUSTER}/rules`, { ...rule, source: 'office' })).toContain("no such alias 'office'");
    expect(await read(`${GUEST}/refs`, { type: 'alias' })).toEqual([
      { type: 'alias', name: 'office', ref: 'office', scope: 'guest', comment: 'Ann' },
      { type: 'alias', name: 'door', ref: 'door', scope: 'guest' },
    ]);
    await write('DELETE', `${GUEST}/rules/0`);
  });

  it('change, get other names, and go', async () => {
    const change = { cidr: '198.51.100.0/24', rename: 'house' };
    expect(await write('PUT', `${GUEST}/aliases/office`, change)).toBe('OK');
    expect(await read(`${GUEST}/aliases/house`)).toEqual({ name: 'house', cidr: '198.51.100.0/24', ipversion: 4 });
    expect(await write('PUT', `${GUEST}/aliases/office`, { cidr: '192.0.2.1' })).toBe('{"name":"no such alias"}');
    expect(await write('DELETE', `${GUEST}/aliases/house`)).toBe('OK');
    expect(await write('DELETE', `${GUEST}/aliases/house`)).toBe('OK');
    expect(await write('POST', `${GUEST}/aliases`, { name: 'bad', cidr: 'nowhere/8' })).toContain(
      'valid IP address or CIDR',
    );
  });
});

describe('sets of addresses', () => {
  it('hold addresses, the newest first', async () => {
    expect(await write('POST', `${CLUSTER}/ipset`, { name: 'trusted', comment: 'ours' })).toBe('OK');
    expect(await write('POST', `${CLUSTER}/ipset/trusted`, { cidr: '192.0.2.7/32', comment: 'Ann' })).toBe('OK');
    expect(await write('POST', `${CLUSTER}/ipset/trusted`, { cidr: '198.51.100.0/24', nomatch: 1 })).toBe('OK');
    expect(await read(`${CLUSTER}/ipset/trusted`)).toMatchObject([
      { cidr: '198.51.100.0/24', nomatch: 1 },
      { cidr: '192.0.2.7', comment: 'Ann' },
    ]);
    expect(await read(`${CLUSTER}/ipset`)).toMatchObject([{ name: 'trusted', comment: 'ours' }]);
    expect(await read(`${CLUSTER}/ipset/trusted/198.51.100.0/24`)).toMatchObject({ nomatch: 1 });
  });

  it('are found by any rule', async () => {
    const rule = { type: 'in', action: 'ACCEPT', source: '+trusted' };
    expect(await write('POST', `${GUEST}/rules`, rule)).toBe('OK');
    expect(await write('POST', `${GUEST}/rules`, { ...rule, source: '+nobody' })).toContain("no such ipset 'nobody'");
    expect(await read(`${GUEST}/refs`, { type: 'ipset' })).toEqual([
      { type: 'ipset', name: 'trusted', ref: '+trusted', scope: 'dc', comment: 'ours' },
    ]);
  });

  it('change, get other names, and go when they are empty', async () => {
    expect(await write('PUT', `${CLUSTER}/ipset/trusted/198.51.100.0/24`, { comment: 'all' })).toBe('OK');
    expect(await read(`${CLUSTER}/ipset/trusted/198.51.100.0/24`)).toMatchObject({ comment: 'all' });
    expect(await read(`${CLUSTER}/ipset/trusted/198.51.100.0/24`)).not.toHaveProperty('nomatch');
    expect(await write('PUT', `${CLUSTER}/ipset/trusted/1.2.3.4`, {})).toBe('{"cidr":"no such IP/Network"}');
    expect(await write('POST', `${CLUSTER}/ipset/trusted`, { cidr: '192.0.2.7' })).toContain('already exists');
    expect(await write('POST', `${CLUSTER}/ipset/trusted`, { cidr: '0.0.0.0/0' })).toContain('a zero prefix');
    expect(await write('POST', `${CLUSTER}/ipset`, { name: 'friends', rename: 'trusted' })).toBe('OK');
    expect(await write('DELETE', `${CLUSTER}/ipset/friends`)).toBe('"IPSet \'friends\' is not empty"');
    expect(await write('DELETE', `${CLUSTER}/ipset/friends/192.0.2.7`)).toBe('OK');
    expect(await write('DELETE', `${CLUSTER}/ipset/friends`, { force: 1 })).toBe('OK');
    expect(await write('DELETE', `${CLUSTER}/ipset/friends`)).toBe('"no such IPSet \'friends\'"');
  });
});

describe('groups of rules', () => {
  it('are made, filled and named by rules', async () => {
    expect(await write('POST', `${CLUSTER}/groups`, { group: 'web', comment: 'servers' })).toBe('OK');
    expect(await write('POST', `${CLUSTER}/groups`, { group: 'web' })).toContain("Security group 'web' already exists");
    const rule = { type: 'in', action: 'ACCEPT', proto: 'tcp', dport: '443' };
    expect(await write('POST', `${CLUSTER}/groups/web`, rule)).toBe('OK');
    expect(await write('POST', `${CLUSTER}/groups/web`, { type: 'group', action: 'web' })).toContain(
      "rule_env 'group'",
    );
    expect(await read(`${CLUSTER}/groups/web`)).toMatchObject([{ pos: 0, dport: '443', enable: 0 }]);
    expect(await write('PUT', `${CLUSTER}/groups/web/0`, { enable: 1, dport: '80' })).toBe('OK');
    expect(await read(`${CLUSTER}/groups/web/0`)).toMatchObject({ dport: '80', enable: 1, pos: 0 });
    expect(await write('POST', `${GUEST}/rules`, { type: 'group', action: 'web' })).toBe('OK');
  });

  it('get other names, which rules follow', async () => {
    expect(await write('POST', `${CLUSTER}/groups`, { group: 'www', rename: 'web' })).toBe('OK');
    expect(await read(`${CLUSTER}/groups`)).toMatchObject([{ group: 'www', comment: 'servers' }]);
    expect(await read(`${GUEST}/rules/0`)).toMatchObject({ type: 'group', action: 'www' });
    expect(await write('DELETE', `${CLUSTER}/groups/www`)).toBe('"Security group \'www\' is not empty"');
    expect(await write('DELETE', `${CLUSTER}/groups/www/0`)).toBe('OK');
    expect(await write('DELETE', `${CLUSTER}/groups/www`)).toBe('OK');
    expect(await write('GET', `${CLUSTER}/groups/www`)).toBe('"no such security group \'www\'"');
  });
});

it('a firewall goes with its container', async () => {
  await test.task(root, 'DELETE', '/nodes/pve/lxc/100');
  await test.task(root, 'POST', '/nodes/pve/lxc', small(100));
  expect(await read(`${GUEST}/rules`)).toEqual([]);
});
