import { describe, expect, it } from 'vitest';
import { Faults, parseFault } from '../../../../local/node/control/faults.ts';

describe('faults', () => {
  it('meet the calls that they are for, from the nth on, so many times', () => {
    const faults = new Faults();
    faults.add({ kind: '401' }, { method: 'GET', path: '/nodes/*/lxc', nth: 2, times: 2 });
    const met = (method: string, path: string) => faults.forCall(method, path)?.fault.kind;
    expect(met('POST', '/nodes/pve/lxc')).toBeUndefined();
    expect(met('GET', '/nodes/pve/lxc/100')).toBeUndefined();
    const results = [1, 2, 3, 4].map(() => met('GET', '/nodes/pve/lxc'));
    expect(results).toEqual([undefined, '401', '401', undefined]);
  });

  it('of tasks and of calls do not mix', () => {
    const faults = new Faults();
    faults.add({ kind: 'task-failure', text: 'no' }, { task: 'vzstart', id: '100' });
    faults.add({ kind: 'delay', milliseconds: 1 }, { path: '/version' });
    expect(faults.forCall('GET', '/version')?.fault.kind).toBe('delay');
    expect(faults.forTask('vzstart', '101')).toBeUndefined();
    expect(faults.forTask('vzstart', '100')?.fault.kind).toBe('task-failure');
  });

  it('that are a state of the node meet no call', () => {
    const faults = new Faults();
    faults.add({ kind: 'no-quorum' }, {});
    faults.add({ kind: 'storage-full', storage: 'local' }, {});
    expect(faults.forCall('GET', '/version')).toBeUndefined();
    expect(faults.forTask('vzcreate', '100')).toBeUndefined();
  });

  it('let go of those who wait when they are taken away', async () => {
    const faults = new Faults();
    const { id } = faults.add({ kind: 'delay', milliseconds: 60_000 }, {});
    const waiting = faults.wait(id, 60_000);
    faults.remove(id);
    await expect(waiting).resolves.toBeUndefined();
    await expect(faults.wait(id, 60_000)).resolves.toBeUndefined();
  });

  it('are read with defaults, and refused when unknown', () => {
    expect(parseFault({ kind: '5xx' }).fault).toEqual({ kind: '5xx', status: 500, text: 'fault', done: false });
    expect(parseFault({ kind: '5xx', status: 595, done: true }).fault).toMatchObject({
      text: 'Errors during connection establishment',
      done: true,
    });
    expect(parseFault({ kind: 'expired-tickets' }).match).toEqual({ times: 1 });
    expect(() => parseFault({ kind: 'flood' })).toThrow("unknown kind of fault 'flood'");
  });
});
