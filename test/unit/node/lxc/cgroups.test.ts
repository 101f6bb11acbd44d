import { describe, expect, it } from 'vitest';
import {
  type Cgroups,
  detectCgroups,
  limitChanges,
  limitKeys,
  parseCgroupMounts,
} from '../../../../local/node/backend/lxc/cgroups.ts';

const NAMES = ['cpu', 'cpuset', 'memory'];
const V1: Cgroups = {
  version: 1,
  controllers: new Map(NAMES.map((name) => [name, `/sys/fs/cgroup/${name}`])),
  swap: true,
};
const V2: Cgroups = { version: 2, controllers: new Set(NAMES) };
const limits = { memory: 512, swap: 256 };

const value = (list: readonly { key: string; value: string }[], key: string): string | undefined =>
  list.find((limit) => limit.key === key)?.value;

describe('the machine’s control groups', () => {
  const hybrid = [
    '30 24 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory',
    '31 24 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct',
    '32 24 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw',
  ].join('\n');

  it('are version 1 where a version 1 hierarchy holds the memory', () => {
    const { unified, controllers } = parseCgroupMounts(hybrid);
    expect(unified).toBe('/sys/fs/cgroup/unified');
    expect(controllers.get('cpuacct')).toBe('/sys/fs/cgroup/cpu,cpuacct');
    expect(detectCgroups(hybrid)?.version).toBe(1);
  });

  it('are version 2 where only that is mounted, and nothing where nothing is', () => {
    expect(detectCgroups('25 20 0:22 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw')).toMatchObject({ version: 2 });
    expect(detectCgroups('25 20 0:22 / /proc rw - proc proc rw')).toBeUndefined();
  });
});

describe('limits', () => {
  it('are bytes of memory, and of memory plus swap, on version 1', () => {
    const keys = limitKeys(limits, 100, V1, 4);
    expect(value(keys, 'memory.limit_in_bytes')).toBe('536870912');
    expect(value(keys, 'memory.memsw.limit_in_bytes')).toBe('805306368');
    expect(value(keys, 'cpu.cfs_quota_us')).toBe('-1');
    expect(value(keys, 'cpuset.cpus')).toBe('0,1,2,3');
  });

  it('leave the sum out where the kernel does not count swap', () => {
    expect(value(limitKeys(limits, 100, { ...V1, swap: false }, 4), 'memory.memsw.limit_in_bytes')).toBeUndefined();
  });

  it('are memory and swap apart on version 2', () => {
    const keys = limitKeys({ ...limits, cpulimit: 1.5, cpuunits: 50 }, 100, V2, 4);
    expect(value(keys, 'memory.max')).toBe('536870912');
    expect(value(keys, 'memory.swap.max')).toBe('268435456');
    expect(value(keys, 'cpu.max')).toBe('150000 100000');
    expect(value(keys, 'cpu.weight')).toBe('50');
  });

  it('spread containers with few cores over the machine, and never ask for more than it has', () => {
    expect(value(limitKeys({ ...limits, cores: 2 }, 100, V2, 4), 'cpuset.cpus')).toBe('0,1');
    expect(value(limitKeys({ ...limits, cores: 2 }, 101, V2, 4), 'cpuset.cpus')).toBe('2,3');
    expect(value(limitKeys({ ...limits, cores: 16 }, 100, V2, 2), 'cpuset.cpus')).toBe('0,1');
  });

  it('ask nothing of a controller that is not there', () => {
    const keys = limitKeys(limits, 100, { version: 2, controllers: new Set(['memory']) }, 4).map(({ key }) => key);
    expect(keys).toEqual(['memory.max', 'memory.swap.max']);
  });

  it('treat a CPU limit of 0 as none', () => {
    expect(value(limitKeys({ ...limits, cpulimit: 0 }, 100, V2, 2), 'cpu.max')).toBe('max 100000');
  });
});

describe('changed limits', () => {
  const change = (from: number, to: number): readonly string[] =>
    limitChanges(limitKeys({ memory: from, swap: 0 }, 100, V1, 2), limitKeys({ memory: to, swap: 0 }, 100, V1, 2)).map(
      ({ key }) => key,
    );

  it('grow the sum before the memory, and shrink the memory before the sum', () => {
    expect(change(512, 1024)).toEqual(['memory.memsw.limit_in_bytes', 'memory.limit_in_bytes']);
    expect(change(1024, 512)).toEqual(['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes']);
  });

  it('are nothing where nothing differs', () => {
    expect(change(512, 512)).toEqual([]);
  });
});
