import { describe, expect, it } from 'vitest';
import { converge } from '../../../src/apply/converge.ts';
import { GitopsError } from '../../../src/model/errors.ts';
import { formatDescription, parseDescription } from '../../../src/model/mark.ts';
import type { Runs } from '../../../src/model/ports.ts';
import { container, desired, mark } from '../plan/samples.ts';
import { inputFor, markOf } from './converge-input.ts';
import { FakeServer } from './fake-server.ts';

describe('converge', () => {
  it('makes a container and leaves no lease behind', async () => {
    const server = new FakeServer();
    const done = await converge(inputFor(server, desired()));
    expect(done.results.map((r) => r.kind)).toEqual(['create', 'start', 'baseline', 'configure']);
    expect(markOf(server)).toEqual(
      mark({ applied: { baseline: 'b1', configuration: 'c1' }, hostKeys: ['SHA256:abcDEF123'] }),
    );
  });

  it('writes nothing at all when nothing is due', async () => {
    const server = new FakeServer();
    server.put(container());
    const done = await converge(inputFor(server, desired()));
    expect(done).toMatchObject({ kind: 'done', results: [] });
    expect(server.writes).toEqual([]);
  });

  it('keeps the text of people in the description', async () => {
    const server = new FakeServer();
    server.put(container({ description: formatDescription('Ask Ann', mark()), memory: '1024' }));
    await converge(inputFor(server, desired()));
    expect(parseDescription(server.containers.get(1042)?.config.description)).toEqual({
      text: 'Ask Ann',
      mark: mark(),
    });
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])('cut off after write %i, the next run comes to the same end', async (n) => {
    const whole = new FakeServer();
    await converge(inputFor(whole, desired()));

    const server = new FakeServer();
    let writes = 0;
    server.after = () => {
      writes += 1;
      if (writes >= n) throw new Error('killed');
    };
    const runs: Runs = { id: 'run-1', by: 'first', alive: () => Promise.resolve(false) };
    const first = await converge(inputFor(server, desired(), runs)).catch(() => undefined);
    if (n < whole.writes.length) expect(first?.kind).not.toBe('done');
    server.after = () => undefined;
    await converge(inputFor(server, desired(), { ...runs, id: 'run-2' }));
    const clean = (s: FakeServer) => [...s.containers.values()].map(({ digest: _, ...state }) => state);
    expect(clean(server)).toEqual(clean(whole));
    expect(server.writes.filter((write) => write === 'vzcreate 1042')).toHaveLength(1);
  });

  it('looks instead of sending again when an answer leaves it open', async () => {
    const server = new FakeServer();
    server.after = (write) => {
      if (write.startsWith('vz')) throw new GitopsError('remote', 'connection lost', { uncertain: true });
    };
    const done = await converge(inputFor(server, desired()));
    expect(done.kind).toBe('done');
    expect(server.writes.filter((write) => write.startsWith('vz'))).toEqual(['vzcreate 1042', 'vzstart 1042']);
  });

  it('plans again when somebody changed the config in between', async () => {
    const server = new FakeServer();
    server.put(container({ memory: '1024' }));
    let disturbed = false;
    server.before = (write) => {
      if (write !== 'update 1042' || disturbed) return;
      disturbed = true;
      const state = server.containers.get(1042);
      if (state !== undefined) server.put({ ...state, config: { ...state.config, cores: '8' } });
    };
    await converge(inputFor(server, desired()));
    expect(server.containers.get(1042)?.config).toMatchObject({ memory: '2048', cores: '2' });
  });

  it('gives up on a step without lasting effect', async () => {
    const server = new FakeServer();
    server.put(container({ memory: '1024' }));
    server.after = (write) => {
      const state = server.containers.get(1042);
      if (write === 'update 1042' && state !== undefined)
        server.put({ ...state, config: { ...state.config, memory: '1024' } });
    };
    const done = await converge(inputFor(server, desired()));
    expect(done).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining('update has no lasting effect') },
    });
  });

  it('goes to the node that git names before anything else, and changes the rest there', async () => {
    const server = new FakeServer();
    server.put(container());
    const done = await converge(inputFor(server, desired({ nodes: ['other'], memory: 4096 })));
    expect(done).toMatchObject({ kind: 'done', observation: { state: { node: 'other', running: true } } });
    expect(server.writes.filter((write) => !write.startsWith('mark'))).toEqual(['vzmigrate 1042', 'update 1042']);
  });

  it('moves a volume under a note in the mark, in one stop, and forgets the note', async () => {
    const server = new FakeServer();
    const volid = 'local-lvm:vm-1042-disk-1';
    const known = mark({ volumes: { data: volid } });
    server.put(container({ mp0: `${volid},mp=/srv/data,backup=1,size=8G`, description: formatDescription('', known) }));
    const data = { name: 'data', path: '/srv/data', storage: 'fast', size: 8 };
    const volumes = [{ ...data, backup: true, readOnly: false, options: [] }];
    let noted: unknown;
    server.before = (write) => {
      if (write.startsWith('move_volume')) noted = markOf(server)?.moving;
    };
    await converge(inputFor(server, desired({ volumes, protection: false })));
    expect(noted).toEqual([{ key: 'mp0', from: volid, storage: 'fast' }]);
    expect(server.writes.filter((write) => !write.startsWith('mark'))).toEqual([
      'vzshutdown 1042',
      'move_volume 1042',
      'vzstart 1042',
    ]);
    expect(markOf(server)).toMatchObject({ volumes: { data: 'fast:vm-1042-disk-1' } });
    expect(markOf(server)).not.toHaveProperty('moving');
  });

  it('starts a container again whose disk could not be moved', async () => {
    const server = new FakeServer();
    server.put(container());
    server.before = (write) => {
      if (write.startsWith('move_volume')) throw new GitopsError('remote', 'no space left on device');
    };
    const wanted = desired({ rootfs: { storage: 'fast', size: 8 } });
    expect(await converge(inputFor(server, wanted))).toMatchObject({ kind: 'failed', step: { kind: 'move' } });
    expect(server.containers.get(1042)).toMatchObject({ running: true });
    expect(server.containers.get(1042)?.config.rootfs).toMatch(/^local-lvm:/);
  });

  it('hands a replace on under its lease, and ends that when it fails', async () => {
    const server = new FakeServer();
    server.put(container({ unprivileged: '0' }));
    const before = server.containers.get(1042)?.config.description;
    await expect(converge(inputFor(server, desired()))).rejects.toThrow('no replace in memory');
    expect(server.writes).toHaveLength(2);
    expect(server.containers.get(1042)?.config.description).toBe(before);
  });
});

describe('lease', () => {
  const held = (until: string) =>
    container({
      memory: '1024',
      description: formatDescription('', mark({ lease: { run: 'other', until, by: 'ann' } })),
    });

  it.each([
    ['lives elsewhere', undefined, '2026-01-01T00:04:00Z', 'busy'],
    ['lives here, even when expired', true, '2025-12-31T00:00:00Z', 'busy'],
    ['is gone', false, '2026-01-01T00:04:00Z', 'done'],
    ['ran elsewhere and has expired', undefined, '2025-12-31T23:59:59Z', 'done'],
  ])('a holder that %s', async (_, alive, until, kind) => {
    const server = new FakeServer();
    server.put(held(until));
    const runs: Runs = { id: 'mine', by: 'me', alive: () => Promise.resolve(alive) };
    const end = await converge(inputFor(server, desired(), runs)).then(
      (done) => done.kind,
      (error: GitopsError) => error.kind,
    );
    expect(end).toBe(kind);
    if (kind === 'busy') expect(server.writes).toEqual([]);
  });

  it('an expired one with a running task is not dead', async () => {
    const server = new FakeServer();
    server.put(held('2025-12-31T23:59:59Z'));
    server.tasks = [{ upid: 'U', type: 'vzdump', vmid: 1042, user: 'root@pam', running: true, started: 0 }];
    await expect(converge(inputFor(server, desired()))).rejects.toMatchObject({ kind: 'busy' });
  });

  it.each([
    ['gone: taken off', false, undefined],
    ['alive: left alone', true, 'other'],
  ])('a lease on a container that needs nothing, its holder %s', async (_, alive, holder) => {
    const server = new FakeServer();
    const lease = { run: 'other', until: '2026-01-01T00:04:00Z' };
    server.put(container({ description: formatDescription('', mark({ lease })) }));
    const runs: Runs = { id: 'mine', by: 'me', alive: () => Promise.resolve(alive) };
    expect((await converge(inputFor(server, desired(), runs))).kind).toBe('done');
    expect(markOf(server)?.lease?.run).toBe(holder);
  });

  it('a lock of Proxmox VE is somebody at work', async () => {
    const server = new FakeServer();
    server.put(container({ memory: '1024' }, { lock: 'backup' }));
    await expect(converge(inputFor(server, desired()))).rejects.toThrow('it is locked (backup)');
    expect(server.writes).toEqual([]);
  });

  it('is released when a step fails, and the failure says what had been changed', async () => {
    const server = new FakeServer();
    const input = inputFor(server, desired());
    const failing = {
      ...input,
      guest: { ...input.guest, configure: () => Promise.reject(new GitopsError('remote', 'exit code 3')) },
    };
    const done = await converge(failing);
    expect(done).toMatchObject({ kind: 'failed', step: { kind: 'configure' }, changed: true });
    expect(markOf(server)?.lease).toBeUndefined();
    expect(markOf(server)?.applied).toEqual({ baseline: 'b1' });
  });
});

describe('what an earlier run has left half done', () => {
  it('a disk that has grown without its config: a warning says what root has to do, and the rest goes on', async () => {
    const server = new FakeServer();
    server.put(container({ rootfs: 'local-lvm:vm-1042-disk-0,size=4G' }));
    const input = inputFor(server, desired());
    const containers = {
      ...input.ports.containers,
      resize: () => Promise.resolve({ upid: '', warnings: [], log: [] }),
    };
    const done = await converge({ ...input, ports: { ...input.ports, containers } });
    expect(done).toMatchObject({ kind: 'done', results: [{ kind: 'resize' }] });
    expect(done.results[0]?.warnings.join()).toContain('pct rescan --vmid 1042');
  });

  it('a replace whose first write lost its answer is gone on with', async () => {
    const server = new FakeServer();
    server.put(container({ unprivileged: '0' }));
    const input = inputFor(server, desired());
    const begun = { id: 'now', other: 901_042, goal: 'g' };
    let times = 0;
    const done = await converge({
      ...input,
      async replace() {
        times += 1;
        const now = await input.observe();
        if (now.kind === 'absent') throw new Error('gone');
        const { promotion: _, ...rest } = now.mark;
        const first = times === 1;
        const next = first ? { ...rest, promotion: begun } : rest;
        server.put({
          ...now.state,
          config: { ...now.state.config, unprivileged: first ? '0' : '1', description: formatDescription('', next) },
        });
        if (first) throw new GitopsError('remote', 'connection reset', { uncertain: true });
        return { summary: 'replaced', warnings: [] };
      },
    });
    expect([done.kind, times]).toEqual(['done', 2]);
    expect(markOf(server)).not.toHaveProperty('promotion');
  });
});
