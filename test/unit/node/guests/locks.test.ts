import { describe, expect, it } from 'vitest';
import { ConfigLocks } from '../../../../local/node/guests/locks.ts';

describe('the config lock', () => {
  it('lets one in at a time, in turn, and others not at all', async () => {
    const locks = new ConfigLocks(5000);
    const order: string[] = [];
    const release = await locks.acquire(100);
    const second = locks.run(
      100,
      () => order.push('second'),
      () => order.push('second waits'),
    );
    const third = locks.run(100, () => order.push('third'));
    await locks.run(101, () => order.push('another vmid'));
    order.push('first ends');
    release();
    release();
    await Promise.all([second, third]);
    expect(order).toEqual(['second waits', 'another vmid', 'first ends', 'second', 'third']);
  });

  it('gives up after its time, and gives the turn on when work fails', async () => {
    const locks = new ConfigLocks(5);
    const release = await locks.acquire(100);
    await expect(locks.acquire(100)).rejects.toThrow(
      "can't lock file '/run/lock/lxc/pve-config-100.lock' - got timeout",
    );
    release();
    const failing = locks.run(100, () => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await locks.run(100, () => 'free')).toBe('free');
  });
});
