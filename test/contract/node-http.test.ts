import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type NodeClient, startTestNode, type TestNode, tokenClient } from './support/node-client.ts';

let test: TestNode;
let token: NodeClient;

beforeAll(async () => {
  test = await startTestNode();
  token = await tokenClient(test.root, 'root@pam!gitops', { privsep: 0 });
});

afterAll(() => test.close());

const CONFIG = '/api2/json/nodes/pve/lxc/120/config';
const JSON_TYPE = { 'content-type': 'application/json' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('the protocol, as recorded (rows 1058 to 1082)', () => {
  it.each<[string, string, string, string, Record<string, string>, number, string, string | undefined]>([
    [
      '1058',
      'PUT',
      CONFIG,
      '{bad',
      JSON_TYPE,
      500,
      `'"' expected, at character offset 1 (before "bad") at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 917.`,
      undefined,
    ],
    [
      '1059',
      'PUT',
      CONFIG,
      '[1]',
      JSON_TYPE,
      500,
      'Not a HASH reference at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 957.',
      undefined,
    ],
    [
      '1060',
      'PUT',
      CONFIG,
      'memory=128',
      { 'content-type': 'text/plain' },
      506,
      "upload 'Content-Type 'text/plain' not implemented",
      "upload 'Content-Type 'text/plain' not implemented",
    ],
    [
      '1062',
      'PUT',
      CONFIG,
      'memory=128&memory=129',
      FORM,
      400,
      'Parameter verification failed.',
      `{"data":null,"message":"Parameter verification failed.\\n","errors":{"memory":"type check ('integer') failed - got ARRAY"}}`,
    ],
    [
      '1064',
      'DELETE',
      '/api2/json/nodes/pve/lxc/999',
      'purge=1',
      FORM,
      501,
      "Unexpected content for method 'DELETE'",
      "Unexpected content for method 'DELETE'",
    ],
    ['1066', 'PATCH', CONFIG, '', {}, 501, "method 'PATCH' not available", ''],
    ['1067', 'HEAD', '/api2/json/version', '', {}, 501, "method 'HEAD' not available", ''],
    ['1068', 'OPTIONS', '/api2/json/version', '', {}, 501, "method 'OPTIONS' not available", ''],
    ['1070', 'GET', '/api2/', '', {}, 501, 'no such uri', 'no such uri'],
    [
      '1071',
      'GET',
      '/api2/xml/version',
      '',
      {},
      501,
      'no formatter for uri /version, xml',
      'no formatter for uri /version, xml',
    ],
    [
      '1078',
      'GET',
      '/api2/json/nodes/PVE/status',
      '',
      {},
      596,
      'error:0A000086:SSL routines::certificate verify failed',
      '',
    ],
    [
      '36',
      'GET',
      '/api2/json/nope',
      '',
      {},
      501,
      "Method 'GET /nope' not implemented",
      `{"data":null,"message":"Method 'GET /nope' not implemented"}`,
    ],
    [
      '47',
      'GET',
      '/api2/json/nodes/pve/lxc/100/nope',
      '',
      {},
      501,
      "Method 'GET /nodes/pve/lxc/100/nope' not implemented",
      undefined,
    ],
    [
      '478',
      'POST',
      '/api2/json/nodes/pve/lxc/100/config',
      'memory=300',
      FORM,
      501,
      "Method 'POST /nodes/pve/lxc/100/config' not implemented",
      undefined,
    ],
    [
      '41',
      'GET',
      '/api2/json/nodes/other/lxc',
      '',
      {},
      500,
      "hostname lookup 'other' failed - failed to get address info for: other: Temporary failure in name resolution",
      undefined,
    ],
  ])('row %s', async (_row, method, path, body, headers, status, reason, text) => {
    const reply = await token.raw(method, path, body, headers);
    expect([reply.status, reply.reason]).toEqual([status, reason]);
    if (text !== undefined) expect(reply.text).toBe(text);
  });

  it('answers 200 and the status inside to the web interface', async () => {
    const reply = await token.raw('GET', '/api2/extjs/nodes/pve/lxc/999/config', '');
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ success: 0, status: 500, data: null });
    expect((await token.raw('GET', '/api2/extjs/version', '')).body).toMatchObject({ success: 1 });
  });

  it.each(['/api2/json/version/', '/api2/json//version'])('takes %s for /version', async (path) => {
    expect((await token.raw('GET', path, '')).body?.data).toMatchObject({ release: '8.4', version: '8.4.21' });
  });

  it('lists the root', async () => {
    const subdirs = ['version', 'cluster', 'nodes', 'storage', 'access', 'pools'].map((subdir) => ({ subdir }));
    expect((await token.raw('GET', '/api2/json/', '')).body?.data).toEqual(subdirs);
  });

  it('gives the time with every answer', async () => {
    const { headers } = await token.call('GET', '/version');
    expect(Math.abs(Date.parse(String(headers.date)) - Date.now())).toBeLessThan(5000);
    expect(headers['content-type']).toBe('application/json;charset=UTF-8');
  });

  it('reads no more than 512 KiB', async () => {
    const reply = await token.raw('PUT', CONFIG, `description=${'x'.repeat(512 * 1024)}`, FORM);
    expect([reply.status, reply.reason]).toEqual([501, 'for data too large']);
  });

  it('keeps a connection for the next call', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: readFileSync(test.node.caFile) });
    const port = (): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const options = {
          host: '127.0.0.1',
          port: test.node.port,
          path: '/api2/json/version',
          agent,
          headers: token.headers,
        };
        get(options, (answer) => {
          const { localPort } = answer.socket;
          answer.resume().on('end', () => resolve(localPort));
        }).on('error', reject);
      });
    expect(await port()).toBe(await port());
    agent.destroy();
  });
});
