import { describe, expect, it } from 'vitest';
import { adopt } from '../../../src/apply/adopt.ts';
import { GitopsError } from '../../../src/model/errors.ts';
import { formatDescription, parseDescription } from '../../../src/model/mark.ts';
import { container, mark } from '../plan/samples.ts';
import { FakeServer } from './fake-server.ts';

const identity = { site: 'home', owner: 'srv/apache', name: 'apache', stage: 'main' };

function serverWith(description: string | undefined): FakeServer {
  const server = new FakeServer();
  server.put(container({ description }));
  return server;
}

const run = (server: FakeServer, more: { from?: string; hostKeys?: readonly string[] } = {}) =>
  adopt({ ...server.ports(), vmid: 1042, identity, hostKeys: [], signal: new AbortController().signal, ...more });

describe('adopt', () => {
  it('puts the mark under the text of people and changes nothing else', async () => {
    const server = serverWith('made by Ann\n');
    const before = { ...server.containers.get(1042)?.config };
    await run(server, { hostKeys: ['SHA256:xyz'] });
    const { description, ...after } = server.containers.get(1042)?.config ?? {};
    const { description: _, ...rest } = before;
    expect(after).toEqual(rest);
    expect(parseDescription(description)).toMatchObject({
      text: 'made by Ann',
      mark: { ...identity, vmid: 1042, hostKeys: ['SHA256:xyz'] },
    });
  });

  it('takes from another owner only when that is said', async () => {
    const server = serverWith(formatDescription('', mark({ owner: 'srv/other' })));
    await expect(run(server)).rejects.toMatchObject({
      kind: 'not-ours',
      advice: ['say so to take it over: --from srv/other'],
    });
    expect(server.writes).toEqual([]);
    expect(await run(server, { from: 'srv/other' })).toMatchObject({ previous: 'srv/other' });
  });

  it('takes a clone over without the keys and hashes of its original', async () => {
    const server = serverWith(formatDescription('', mark({ vmid: 1041 })));
    await run(server);
    expect(parseDescription(server.containers.get(1042)?.config.description).mark).toMatchObject({
      vmid: 1042,
      applied: {},
      hostKeys: [],
    });
  });

  it('writes nothing for what is ours already', async () => {
    const server = serverWith(formatDescription('', mark()));
    expect(await run(server)).toMatchObject({ unchanged: true });
    expect(server.writes).toEqual([]);
  });

  it('refuses a mark that it cannot read', async () => {
    await expect(run(serverWith('<!-- pve-gitops:9 {} -->'))).rejects.toMatchObject({ kind: 'not-ours' });
  });

  it('adds our tag to those of people, and does without it where tags are forbidden', async () => {
    const server = new FakeServer();
    server.put(container({ description: undefined, tags: 'web;db' }));
    expect(await run(server)).toMatchObject({ untagged: false });
    expect(server.containers.get(1042)?.config.tags).toBe('db;pve-gitops;web');

    const strict = new FakeServer();
    strict.put(container({ description: undefined, tags: 'web' }));
    strict.before = (write) => {
      if (write.startsWith('update')) throw new GitopsError('remote', 'no tags', { status: 403 });
    };
    expect(await run(strict)).toMatchObject({ untagged: true });
    expect(strict.containers.get(1042)?.config.tags).toBe('web');
    expect(parseDescription(strict.containers.get(1042)?.config.description).mark).toMatchObject({ vmid: 1042 });
  });

  it('a config that changed at the same moment is left alone', async () => {
    const server = new FakeServer();
    server.put(container({ description: undefined, tags: 'web' }));
    server.before = () => {
      server.before = () => undefined;
      server.put(container({ description: 'by another', tags: 'web' }));
    };
    await expect(run(server)).rejects.toMatchObject({ kind: 'busy' });
    expect(server.containers.get(1042)?.config.description).toBe('by another');
  });
});
