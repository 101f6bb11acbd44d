import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  dataOf,
  type Fields,
  login,
  type NodeClient,
  type Reply,
  startTestNode,
  type TestNode,
  tokenClient,
} from './support/node-client.ts';

/** Files that come into a storage: sent, or fetched by the node. */

const UPLOAD = '/api2/json/nodes/pve/storage/local/upload';
const CONTENT = 'an archive\r\n--of lines\n--and dashes--\r\n';
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');

let test: TestNode;
let token: NodeClient;
let server: Server;
let base: string;

beforeAll(async () => {
  test = await startTestNode();
  token = await tokenClient(test.root, 'root@pam!gitops', { privsep: 0 });
  server = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: '/file' }).end();
    else if (request.url === '/file') response.end(CONTENT);
    else if (request.url === '/packed') response.end(gzipSync(CONTENT));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.close();
  await test.close();
});

const stored = (folder: string, file: string): string =>
  readFileSync(join(test.node.core.storages.directory('local'), 'template', folder, file), 'utf8');

/** As browsers, curl and requests send it: fields first, the file last. */
function form(fields: Fields, filename: string | undefined, name = 'filename'): string {
  const parts = Object.entries(fields).map(
    ([key, value]) => `--XX\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`,
  );
  const head = `Content-Disposition: form-data; name="${name}"; filename="${filename}"`;
  const file = filename === undefined ? '' : `--XX\r\n${head}\r\nContent-Type: x/y\r\n\r\n${CONTENT}\r\n`;
  return `${parts.join('')}${file}--XX--\r\n`;
}

function send(body: string, client = token, path = UPLOAD): Promise<Reply> {
  return client.raw('POST', path, body, { 'content-type': 'multipart/form-data; boundary=XX' });
}

async function ended(reply: Reply): Promise<{ readonly status: string; readonly log: string }> {
  const upid = dataOf<string>(reply);
  await test.node.core.tasks.settled(upid);
  const lines = dataOf<{ t: string }[]>(await token.call('GET', `/nodes/pve/tasks/${encodeURIComponent(upid)}/log`));
  return { status: test.node.core.tasks.get(upid)?.exitstatus ?? '', log: lines.map(({ t }) => t).join('\n') };
}

describe('upload', () => {
  it('takes a file under its cleaned name', async () => {
    const reply = await send(form({ content: 'vztmpl' }, 'C:\\my dir\\up ä_1.0_amd64.tar.zst'));
    expect(dataOf<string>(reply)).toMatch(/^UPID:pve:[^:]+:[^:]+:[^:]+:imgcopy::root@pam!gitops:$/);
    const { status, log } = await ended(reply);
    expect(status).toBe('OK');
    expect(log).toMatch(/^starting file import from: \/var\/tmp\/pveupload-[0-9a-f]+$/m);
    expect(log).toContain(`file size is: ${CONTENT.length}`);
    expect(stored('cache', 'up____1.0_amd64.tar.zst')).toBe(CONTENT);
    const listed = dataOf<{ volid: string }[]>(
      await token.call('GET', '/nodes/pve/storage/local/content', { content: 'vztmpl' }),
    );
    expect(listed.map(({ volid }) => volid)).toContain('local:vztmpl/up____1.0_amd64.tar.zst');
  });

  it('needs no CSRF token, but the right to upload', async () => {
    const { csrfpreventiontoken: _csrf, ...headers } = test.root.headers;
    const reply = await send(form({ content: 'iso' }, 'a.iso'), test.root.with(headers));
    expect((await ended(reply)).status).toBe('OK');
    await test.root.call('POST', '/access/users', { userid: 'nobody@pve', password: 'nobody-here' });
    const nobody = await login(test.anonymous, 'nobody@pve', 'nobody-here');
    const refused = await send(form({ content: 'iso' }, 'b.iso'), nobody);
    expect([refused.status, refused.reason, refused.text]).toEqual([
      403,
      'Permission check failed (/storage/local, Datastore.AllocateTemplate)',
      '',
    ]);
  });

  it('checks the checksum, whatever its case', async () => {
    const fields = { content: 'iso', 'checksum-algorithm': 'sha256', checksum: SHA256.toUpperCase() };
    const good = await ended(await send(form(fields, 'sum.iso')));
    expect(good.status).toBe('OK');
    expect(good.log).toContain('calculating checksum...OK, checksum verified');
    const wrong = await ended(await send(form({ ...fields, checksum: 'abc' }, 'wrong.iso')));
    expect(wrong.status).toBe(`checksum mismatch: got '${SHA256}' != expect 'abc'`);
    expect(() => stored('iso', 'wrong.iso')).toThrow();
  });

  it('leaves nothing of what is refused', async () => {
    await send(form({ content: 'vztmpl' }, 'x.exe'));
    const { uploads } = test.node.core;
    const { readdirSync } = await import('node:fs');
    expect(readdirSync(uploads)).toEqual([]);
  });

  // biome-ignore format: a table is read by its rows
  it.each<[string, string, number, string, Record<string, string> | undefined]>([
    ['a wrong extension', form({ content: 'vztmpl' }, 'x.exe'), 400, 'Parameter verification failed.',
      { filename: 'wrong file extension' }],
    ['an image to import', form({ content: 'import' }, 'x.iso'), 400, 'Parameter verification failed.',
      { filename: 'invalid filename or wrong extension' }],
    ['content that the storage has not', form({ content: 'import' }, 'x.qcow2'), 500,
      "storage 'local' does not support 'import' content", undefined],
    ['content that there is not', form({ content: 'backup' }, 'x.tar'), 400, 'Parameter verification failed.',
      { content: "value 'backup' does not have a value in the enumeration 'iso, vztmpl, import'" }],
    ['no content', form({}, 'x.iso'), 400, 'Parameter verification failed.',
      { content: 'property is missing and it is not optional' }],
    ['a checksum without algorithm', form({ content: 'iso', checksum: 'a' }, 'x.iso'), 400, 'Parameter verification failed.',
      { 'checksum-algorithm': "missing property - 'checksum' requires this property" }],
    ['a file under another name', form({ content: 'iso' }, 'x.iso', 'file'), 500,
      "wrong field name 'file' for file upload, expected 'filename'", undefined],
    ['no file', form({ content: 'iso' }, undefined), 500, 'upload failed', undefined],
  ])('refuses %s', async (_name, body, status, reason, errors) => {
    const reply = await send(body);
    expect([reply.status, reply.reason]).toEqual([status, reason]);
    expect(reply.body?.errors).toEqual(errors);
  });

  it('refuses what is no upload, and storages that take none', async () => {
    const plain = await token.call('POST', '/nodes/pve/storage/local/upload', { content: 'iso', filename: 'x.iso' });
    expect([plain.status, plain.reason]).toEqual([
      506,
      "upload 'Content-Type 'application/x-www-form-urlencoded' not implemented",
    ]);
    const empty = await token.raw('POST', `${UPLOAD}?content=iso&filename=x.iso`, '');
    expect([empty.status, empty.reason]).toEqual([500, 'missing temporary file name']);
    const nowhere = await send(form({ content: 'iso' }, 'x.iso'), token, UPLOAD.replace('local', 'nope'));
    expect([nowhere.status, nowhere.reason]).toEqual([500, "storage 'nope' does not exist"]);
  });
});

describe('download-url', () => {
  const fetch = async (fields: Fields): Promise<{ readonly status: string; readonly log: string }> =>
    ended(await token.call('POST', '/nodes/pve/storage/local/download-url', { content: 'iso', ...fields }));

  it('fetches a file, past redirects, and checks it', async () => {
    const sum = { 'checksum-algorithm': 'sha256', checksum: SHA256 };
    const fields = { url: `${base}/moved`, filename: 'd.iso', ...sum };
    const first = await fetch(fields);
    expect(first.status).toBe('OK');
    expect(first.log).toContain(`download of '${base}/moved' to '/var/lib/vz/template/iso/d.iso' finished`);
    expect(stored('iso', 'd.iso')).toBe(CONTENT);
    expect((await fetch(fields)).log).toContain('OK, got correct file already, no need to download');
    const { checksum: _sum, 'checksum-algorithm': _algorithm, ...plain } = fields;
    expect((await fetch(plain)).status).toBe("refusing to override existing file '/var/lib/vz/template/iso/d.iso'");
    const wrong = { ...sum, checksum: 'abc' };
    expect((await fetch({ ...fields, ...wrong })).status).toBe(
      `checksum mismatch: got '${SHA256}' != expect 'abc', aborting`,
    );
    expect((await fetch({ ...fields, ...wrong, filename: 'e.iso' })).status).toBe(
      `checksum mismatch: got '${SHA256}' != expect 'abc'`,
    );
    expect(() => stored('iso', 'e.iso')).toThrow();
  });

  it('unpacks images only', async () => {
    const fields = { url: `${base}/packed`, compression: 'gz' };
    expect((await fetch({ ...fields, filename: 'p.iso' })).status).toBe('OK');
    expect(stored('iso', 'p.iso')).toBe(CONTENT);
    const template = { ...fields, content: 'vztmpl', filename: 'p_1.0_amd64.tar.gz' };
    expect((await fetch(template)).status).toBe('decompression not supported for vztmpl');
    const unknown = await fetch({ ...fields, compression: 'rar', filename: 'r.iso' });
    expect(unknown.status).toBe('no decompression method found');
    const { status } = await fetch({ ...fields, url: `${base}/file`, filename: 'q.iso' });
    expect(status).toMatch(/^command 'zcat .*' failed: exit code 1$/);
  });

  it('fails as wget does', async () => {
    const gone = await fetch({ url: `${base}/gone`, filename: 'g.iso' });
    expect(gone.status).toMatch(/^download failed: command 'wget .*' failed: exit code 8$/);
    expect(gone.log).toContain('ERROR 404: Not Found.');
    const closed = await fetch({ url: 'http://127.0.0.1:9/x', filename: 'h.iso' });
    expect(closed.status).toMatch(/^download failed: command 'wget .*' failed: exit code 4$/);
  });

  it('a full storage takes neither', async () => {
    test.node.core.volumes.full.add('local');
    try {
      const fetched = await fetch({ url: `${base}/file`, filename: 'f.iso' });
      expect(fetched.status).toMatch(/^download failed: .* failed: exit code 3$/);
      const sent = await ended(await send(form({ content: 'iso' }, 'f.iso')));
      expect(sent.status).toMatch(/^import failed: command 'cp -- .*' failed: exit code 1$/);
    } finally {
      test.node.core.volumes.full.delete('local');
    }
  });
});
