import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connectForge } from '../../../../src/adapters/forge/forge.ts';
import type { Forge } from '../../../../src/model/forge.ts';

/** What is sent to a forge, and what becomes of its answers. */

interface Sent {
  readonly call: string;
  readonly body: unknown;
  readonly authorization: string | undefined;
}

let server: Server;
let sent: Sent[];
let answers: Record<string, readonly [number, unknown]>;
let forge: Forge;
let url: string;
const call = { timeoutMs: 2000, signal: new AbortController().signal };

beforeEach(async () => {
  sent = [];
  answers = {};
  server = createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += String(part);
    const name = `${request.method} ${request.url?.split('?')[0]}`;
    sent.push({
      call: name,
      body: text === '' ? undefined : JSON.parse(text),
      authorization: request.headers.authorization,
    });
    const [status, body] = answers[name] ?? [404, { message: 'not found' }];
    if (status === 0) return;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  forge = connectForge({ serverUrl: `${url}/`, token: 'job-token' });
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const status = { commit: 'c0ffee', state: 'success', context: 'pve-gitops / box', description: 'done' } as const;

it('sets a status with the job’s token, cut to what a forge shows', async () => {
  answers['POST /api/v1/repos/srv/box/statuses/c0ffee'] = [201, {}];
  await forge.setStatus('srv/box', { ...status, description: 'x'.repeat(500), url: 'http://forge/run' }, call);
  expect(sent).toEqual([
    {
      call: 'POST /api/v1/repos/srv/box/statuses/c0ffee',
      body: {
        state: 'success',
        context: status.context,
        description: `${'x'.repeat(139)}…`,
        target_url: 'http://forge/run',
      },
      authorization: 'token job-token',
    },
  ]);
});

it.each([
  ['1.25.4', 'number', '7'],
  ['1.26.4', 'id', '4711'],
  ['1.27.0+dev', 'id', '4711'],
  ['10.0.0', 'id', '4711'],
])('links a run of Gitea %s by its %s, at the address that browsers use', async (version, _, last) => {
  answers['GET /api/v1/repos/srv/box'] = [200, { html_url: 'https://git.home/sub/srv/box' }];
  answers['GET /api/v1/version'] = [200, { version }];
  const run = { repository: 'srv/config', id: '4711', number: '7' };
  expect(await forge.links('srv/box', run, call)).toEqual({
    repository: 'https://git.home/sub/srv/box',
    run: `https://git.home/sub/srv/config/actions/runs/${last}`,
  });
});

const comments = 'GET /api/v1/repos/srv/box/issues/3/comments';
const made = 'POST /api/v1/repos/srv/box/issues/3/comments';

it('changes the comment that begins with the marker, and no other', async () => {
  answers[comments] = [
    200,
    [
      { id: 1, body: 'quoting <!-- m -->' },
      { id: 2, body: '<!-- m -->\nold' },
    ],
  ];
  answers['PATCH /api/v1/repos/srv/box/issues/comments/2'] = [200, {}];
  await forge.comment('srv/box', 3, { marker: '<!-- m -->', body: 'new' }, call);
  expect(sent.map((one) => one.call)).toEqual([comments, 'PATCH /api/v1/repos/srv/box/issues/comments/2']);
  expect(sent[1]?.body).toEqual({ body: '<!-- m -->\nnew' });
});

it('makes one where there is none, or where somebody else has copied the marker', async () => {
  answers[comments] = [200, [{ id: 5, body: '<!-- m --> mine' }]];
  answers['PATCH /api/v1/repos/srv/box/issues/comments/5'] = [403, { message: 'not yours' }];
  answers[made] = [201, {}];
  await forge.comment('srv/box', 3, { marker: '<!-- m -->', body: 'new' }, call);
  expect(sent.at(-1)).toMatchObject({ call: made, body: { body: '<!-- m -->\nnew' } });
});

it('reads the newest status of each context', async () => {
  answers['GET /api/v1/repos/srv/box/commits/c0ffee/statuses'] = [
    200,
    [
      { context: 'other', status: 'success' },
      {
        context: status.context,
        status: 'pending',
        description: 'plan is running',
        target_url: 'http://forge/run',
      },
      { context: status.context, status: 'success' },
    ],
  ];
  const commit = 'c0ffee';
  expect(await forge.statuses('srv/box', commit, call)).toEqual([
    { commit, context: 'other', state: 'success', description: '' },
    { commit, context: status.context, state: 'pending', description: 'plan is running', url: 'http://forge/run' },
  ]);
});

it('finds commits whose runs have ended by being cancelled', async () => {
  const run = (head_sha: string, state: string, conclusion?: string) => ({ head_sha, status: state, conclusion });
  answers['GET /api/v1/repos/srv/box/actions/runs'] = [
    200,
    {
      workflow_runs: [
        run('again', 'in_progress'),
        run('again', 'completed', 'cancelled'),
        run('cut', 'completed', 'cancelled'),
        run('good', 'completed', 'success'),
      ],
    },
  ];
  expect(await forge.cancelled('srv/box', call)).toEqual(['cut']);
});

it('says what could not be done when it refuses, and when it does not answer', async () => {
  answers['POST /api/v1/repos/srv/box/statuses/c0ffee'] = [403, { message: 'token may not' }];
  await expect(forge.setStatus('srv/box', status, call)).rejects.toThrow(
    /Unable to set the status of srv\/box: .*token may not/,
  );
  answers['POST /api/v1/repos/srv/box/statuses/c0ffee'] = [0, ''];
  await expect(forge.setStatus('srv/box', status, { ...call, timeoutMs: 200 })).rejects.toThrow(
    'Unable to set the status of srv/box: no answer within 0.2 s',
  );
});
