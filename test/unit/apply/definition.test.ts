import { describe, expect, it } from 'vitest';
import { converge } from '../../../src/apply/converge.ts';
import { lookUpDependencies } from '../../../src/apply/dependencies.ts';
import type { Volume } from '../../../src/model/desired.ts';
import { GitopsError } from '../../../src/model/errors.ts';
import { formatDescription, parseDescription } from '../../../src/model/mark.ts';
import type { Runs } from '../../../src/model/ports.ts';
import { container, desired, mark } from '../plan/samples.ts';
import { inputFor, markOf } from './converge-input.ts';
import { FakeServer } from './fake-server.ts';

const DATA = 'local-lvm:vm-1042-disk-1';
const volume: Volume = {
  name: 'data',
  path: '/srv/data',
  storage: 'local-lvm',
  size: 8,
  backup: true,
  readOnly: false,
  options: [],
};
const configOf = (server: FakeServer) => server.containers.get(1042)?.config ?? {};
const kinds = (done: Awaited<ReturnType<typeof converge>>) => done.results.map(({ kind }) => kind);

function serverWith(config: Record<string, string>, volumes?: Record<string, string>): FakeServer {
  const server = new FakeServer();
  const known = volumes === undefined ? mark() : mark({ volumes });
  server.put(container({ description: formatDescription('', known), ...config }));
  return server;
}

describe('volumes', () => {
  it('of a new container are in its mark before anything else happens to it', async () => {
    const server = new FakeServer();
    let atStart: unknown;
    server.before = (write) => {
      if (write === 'vzstart 1042') atStart = markOf(server)?.volumes;
    };
    await converge(inputFor(server, desired({ volumes: [volume] })));
    expect(atStart).toEqual({ data: DATA });
    expect(markOf(server)?.lease).toBeUndefined();
  });

  it('that are only known by their path are booked, and nothing else is written', async () => {
    const server = serverWith({ mp0: `${DATA},mp=/srv/data,backup=1,size=8G`, protection: '1' });
    const done = await converge(inputFor(server, desired({ volumes: [volume] })));
    expect(kinds(done)).toEqual([]);
    expect(server.writes).toEqual(['mark 1042', 'mark 1042', 'mark 1042']);
    expect(markOf(server)).toEqual(mark({ volumes: { data: DATA } }));
    server.writes.length = 0;
    await converge(inputFor(server, desired({ volumes: [volume] })));
    expect(server.writes).toEqual([]);
  });

  it('detached and written again are the same', async () => {
    const server = serverWith({ mp0: `${DATA},mp=/srv/data,backup=1,size=8G` }, { data: DATA });
    expect(kinds(await converge(inputFor(server, desired())))).toEqual(['update', 'restart', 'update']);
    expect(configOf(server).unused0).toBe(DATA);
    expect(markOf(server)?.volumes).toEqual({ data: DATA });
    expect(kinds(await converge(inputFor(server, desired({ volumes: [volume] }))))).toEqual([
      'update',
      'update',
      'update',
    ]);
    expect(configOf(server).mp0).toContain(DATA);
  });

  it('deleted go from the config and from the mark', async () => {
    const server = serverWith({ mp0: `${DATA},mp=/srv/data,size=8G` }, { data: DATA });
    const done = await converge(inputFor(server, desired({ deletedVolumes: ['data'] })));
    expect(kinds(done)).toEqual(['update', 'restart', 'discard']);
    expect(JSON.stringify(configOf(server))).not.toContain(DATA);
    expect(markOf(server)).toEqual(mark());
  });

  it('are destroyed under the config that names them: when it changes meanwhile, it is looked at again', async () => {
    const server = serverWith({ unused0: DATA, unused1: 'local-lvm:vm-1042-disk-2' }, { data: DATA });
    let disturbed = false;
    server.before = (write) => {
      const state = server.containers.get(1042);
      if (write !== 'update 1042' || disturbed || state === undefined) return;
      disturbed = true;
      // Somebody attaches and detaches: the numbers are the other way round.
      server.put({ ...state, config: { ...state.config, unused0: 'local-lvm:vm-1042-disk-2', unused1: DATA } });
    };
    const done = await converge(inputFor(server, desired({ deletedVolumes: ['data'] })));
    expect(done.kind).toBe('done');
    expect(configOf(server)).toMatchObject({ unused0: 'local-lvm:vm-1042-disk-2' });
    expect(JSON.stringify(configOf(server))).not.toContain(DATA);
  });

  it('attached in the moment before a destroy are not taken along: nothing is destroyed', async () => {
    const server = serverWith({}, {});
    const state = server.containers.get(1042);
    if (state !== undefined) server.put({ ...state, running: false });
    let written: string | undefined;
    server.after = (write) => {
      const now = server.containers.get(1042);
      if (write !== 'mark 1042' || now === undefined || !String(now.config.description).includes('destroying')) return;
      written ??= now.config.description;
      server.put({ ...now, config: { ...now.config, mp0: `${DATA},mp=/srv/data,size=8G` } });
    };
    const done = await converge(inputFor(server, desired({ state: 'absent' })));
    expect(done).toMatchObject({
      kind: 'failed',
      error: { kind: 'busy', message: expect.stringContaining('at the same moment') },
    });
    expect(written).toContain('"phase":"destroying"');
    expect(configOf(server).mp0).toContain(DATA);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
    'cut off after write %i, the next run comes to the same end',
    async (n) => {
      const wanted = desired({
        volumes: [volume, { ...volume, name: 'new', path: '/new', size: 1 }],
        deletedVolumes: ['old'],
        tags: ['web'],
        description: 'Text',
        pool: 'web',
      });
      const start = () =>
        serverWith(
          { mp0: 'local-lvm:vm-1042-disk-5,mp=/old,size=1G', unused0: DATA },
          { data: DATA, old: 'local-lvm:vm-1042-disk-5' },
        );
      const whole = start();
      await converge(inputFor(whole, wanted));
      const server = start();
      let writes = 0;
      server.after = () => {
        writes += 1;
        if (writes >= n) throw new Error('killed');
      };
      const runs: Runs = { id: 'run-1', by: 'first', alive: () => Promise.resolve(false) };
      await converge(inputFor(server, wanted, runs)).catch(() => undefined);
      server.after = () => undefined;
      await converge(inputFor(server, wanted, { ...runs, id: 'run-2' }));
      const clean = (s: FakeServer) => [...s.containers.values()].map(({ digest: _, ...state }) => state);
      expect(clean(server)).toEqual(clean(whole));
    },
  );
});

describe('a container that shall not be there', () => {
  it('is retired with its volumes, and a deploy makes it live again', async () => {
    const server = serverWith({ mp0: `${DATA},mp=/srv/data,backup=1,size=8G` }, { data: DATA });
    const gone = await converge(inputFor(server, desired({ state: 'absent' })));
    expect(kinds(gone)).toEqual(['stop', 'update', 'retire']);
    expect(markOf(server)).toMatchObject({ role: 'retired', volumes: { data: DATA } });
    expect(markOf(server)?.lease).toBeUndefined();
    expect(configOf(server).onboot).toBe('0');
    server.writes.length = 0;
    expect(kinds(await converge(inputFor(server, desired({ state: 'absent' }))))).toEqual([]);
    expect(server.writes).toEqual([]);
    const back = await converge(inputFor(server, desired({ volumes: [volume] })));
    expect(kinds(back)).toEqual(['revive', 'update', 'start']);
    expect(markOf(server)?.role).toBe('live');
  });
});

describe('text, tags and pool', () => {
  it('a description of git stands above the mark, one of people stays', async () => {
    const server = serverWith({});
    await converge(inputFor(server, desired({ description: 'From git' })));
    expect(parseDescription(configOf(server).description)).toEqual({ text: 'From git', mark: mark() });
    await converge(inputFor(server, desired()));
    expect(parseDescription(configOf(server).description).text).toBe('From git');
  });

  it('a new container has text and pool from its create', async () => {
    const server = new FakeServer();
    const done = await converge(inputFor(server, desired({ description: 'From git', pool: 'web' })));
    expect(parseDescription(configOf(server).description).text).toBe('From git');
    // The list of guests may be late: then the pool is said once more, and never a third time.
    expect(kinds(done).filter((kind) => kind === 'pool').length).toBeLessThanOrEqual(1);
  });

  it('a container is moved into its pool', async () => {
    const server = serverWith({});
    server.pools.set(1042, 'old');
    expect(kinds(await converge(inputFor(server, desired({ pool: 'web' }))))).toEqual(['pool']);
    expect(server.pools.get(1042)).toBe('web');
  });

  const refusing = (tag: string) => (write: string, server: FakeServer, tags: string | undefined) => {
    if (/^(update|vzcreate)/.test(write) && tags?.includes(tag)) {
      throw new GitopsError('remote', `Permission check failed (/, Sys.Modify for modifying tag '${tag}')`, {
        status: 403,
      });
    }
    return server;
  };

  it.each([
    ['ours, which is only an index: the container stays without it', 'pve-gitops', undefined, 'done'],
    ['one of git’s: an error', 'web', ['web'], 'remote'],
  ])('a tag that may not be set, %s', async (_, tag, tags, end) => {
    const server = serverWith({ tags: 'hand', memory: '1024' });
    const ports = inputFor(server, desired(tags === undefined ? {} : { tags }));
    const { update } = ports.ports.containers;
    const refuse = refusing(tag);
    Object.assign(ports.ports.containers, {
      update: (...given: Parameters<typeof update>) => {
        refuse('update', server, given[2].set.tags === undefined ? undefined : String(given[2].set.tags));
        return update(...given);
      },
    });
    const kind = await converge(ports).then(
      (done) => done.kind,
      (error: GitopsError) => error.kind,
    );
    expect(kind).toBe(end);
    expect(configOf(server).tags).toBe('hand');
    expect(configOf(server).memory).toBe(end === 'done' ? '2048' : '1024');
  });
});

describe('what a container depends on', () => {
  const other = (vmid: number, changes: Parameters<typeof mark>[0], running = true) =>
    container(
      { description: formatDescription('', mark({ vmid, ...changes })), hostname: `c${vmid}` },
      { vmid, running },
    );

  it('is looked up by the marks of the site: own stage first, then main', async () => {
    const server = new FakeServer();
    server.put(other(100, { name: 'db', owner: 'srv/db', stage: 'main' }));
    server.put(other(101, { name: 'db', owner: 'srv/db', stage: 'develop' }, false));
    server.put(other(102, { name: 'mq', owner: 'team/mq', stage: 'main' }, false));
    server.put(other(103, { name: 'web', owner: 'srv/web', stage: 'main', role: 'retired' }, false));
    server.put(other(104, { name: 'far', owner: 'srv/far', stage: 'main', site: 'office' }));
    server.put(other(105, { name: 'try', owner: 'srv/try', stage: 'main', role: 'candidate' }));
    const depends = ['db', 'srv/db', 'team/mq', 'web', 'far', 'try'];
    const of = (stage: string) =>
      lookUpDependencies(server.inventory(), desired({ stage, depends }), 'home', new AbortController().signal);
    expect(await of('main')).toEqual([
      { name: 'db', vmid: 100, stage: 'main', state: 'running' },
      { name: 'srv/db', vmid: 100, stage: 'main', state: 'running' },
      { name: 'team/mq', vmid: 102, stage: 'main', state: 'stopped' },
      { name: 'web', vmid: 103, stage: 'main', state: 'retired' },
      { name: 'far', state: 'absent' },
      { name: 'try', state: 'absent' },
    ]);
    expect((await of('develop'))[0]).toEqual({ name: 'db', vmid: 101, stage: 'develop', state: 'stopped' });
  });

  it('refuses a run as busy, before any write', async () => {
    const server = serverWith({ memory: '1024' });
    const input = inputFor(server, desired(), undefined, [{ name: 'db', state: 'absent' }]);
    await expect(converge(input)).rejects.toMatchObject({
      kind: 'busy',
      message: expect.stringContaining('db, which is not there'),
    });
    expect(server.writes).toEqual([]);
  });
});
