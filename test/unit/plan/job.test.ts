import { describe, expect, it } from 'vitest';
import { formatDescription, type Mark } from '../../../src/model/mark.ts';
import type { ContainerState } from '../../../src/model/observed.ts';
import { isExpired, isThrowAway, jobMac, jobName, jobParameters } from '../../../src/plan/job.ts';
import { desired } from './samples.ts';

const MARK: Mark = {
  site: 'home',
  owner: 'srv/web',
  name: jobName(701042),
  stage: 'main',
  vmid: 701042,
  role: 'job',
  applied: {},
  hostKeys: [],
  expires: '2026-01-01T12:00:00.000Z',
};

function state(mark: Mark, vmid = 701042): ContainerState {
  const config = { description: formatDescription('', mark) };
  return { vmid, node: 'pve', running: true, config, pending: {}, digest: '' };
}

describe('a job', () => {
  it('stands in the network of its container, has nothing of it, and does not start with the node', () => {
    const parameters = jobParameters(
      1042,
      desired(),
      { site: 'home', storage: 'local-lvm', pool: 'gitops' },
      { kind: 'dhcp' },
    );
    expect(parameters).toMatchObject({
      hostname: 'job-1042',
      unprivileged: 1,
      onboot: 0,
      rootfs: 'local-lvm:4',
      pool: 'gitops',
      net0: expect.stringMatching(/bridge=vmbr0.*ip=dhcp/),
    });
    expect(Object.keys(parameters).filter((key) => /^(mp|dev)\d/.test(key))).toEqual([]);
  });

  it('has the same MAC address each time, and another one for another container', () => {
    expect(jobMac('home', 1042)).toMatch(/^BC:24:11(:[0-9A-F]{2}){3}$/);
    expect(jobMac('home', 1042)).toBe(jobMac('home', 1042));
    expect(new Set([jobMac('home', 1042), jobMac('home', 1043), jobMac('work', 1042)]).size).toBe(3);
  });

  it('needs a network', () => {
    expect(() =>
      jobParameters(1042, desired({ interfaces: [] }), { site: 'home', storage: 'a' }, { kind: 'dhcp' }),
    ).toThrow(/it has no network interface/);
  });

  it.each([
    ['its own', state(MARK), true],
    ['of another site', state({ ...MARK, site: 'work' }), false],
    ['a live container', state({ ...MARK, role: 'live' }), false],
    ['a clone of one', state(MARK, 701043), false],
    ['a pilot', state({ ...MARK, role: 'pilot' }), false],
    ['without a mark', { ...state(MARK), config: {} }, false],
  ])('may be destroyed when it is one of this site: %s', (_, seen, wanted) => {
    expect(isThrowAway(seen, 'home', 'job')).toBe(wanted);
  });

  it('that was left behind expires', () => {
    expect(isExpired(MARK, new Date('2026-01-01T11:59:59Z'))).toBe(false);
    expect(isExpired(MARK, new Date('2026-01-01T12:00:01Z'))).toBe(true);
    const { expires: _, ...forever } = MARK;
    expect(isExpired(forever, new Date('2030-01-01'))).toBe(false);
  });
});
