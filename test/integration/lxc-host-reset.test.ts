import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import { type CleanRoom, isBuilt, openCleanRoom } from './lxc-clean-room.ts';

const missing = await checkHost();
const NETWORK = '10.247.0.0/16';

describe('the host after a reset', () => {
  it('is looked at only where containers can run', () => {
    for (const { what, reason } of missing) console.warn(`LEFT OUT: host reset: ${what}: ${reason}`);
    expect(missing.every(({ reason }) => reason !== '')).toBe(true);
    expect(missing.length > 0 || isBuilt(), 'npm run build comes first').toBe(true);
  });
});

if (missing.length === 0) {
  let room: CleanRoom;
  afterEach(async () => {
    await room?.remove();
  });

  describe('a host', () => {
    it('is as it was before: links, firewall, mounts, switches, ids', async () => {
      room = await openCleanRoom(NETWORK);
      const before = room.snapshot();
      await room.call('open');
      const open = room.snapshot();
      expect(open).toContain('pgobr0');
      expect(open).toContain('masquerade');
      await room.call('open');
      expect(room.snapshot()).toBe(open);
      await room.call('resetHost');
      expect(room.snapshot()).toBe(before);
      expect(existsSync(room.journal)).toBe(false);
      await room.call('resetHost');
      expect(room.snapshot()).toBe(before);
    });

    it('whose firewall drops what it forwards lets containers through, and forgets that again', async () => {
      room = await openCleanRoom(NETWORK);
      room.run('nft', 'add table inet other { chain forward { type filter hook forward priority 0; policy drop; }; }');
      room.run('nft', 'add chain inet other input { type filter hook input priority 0; policy drop; }');
      const before = room.snapshot();
      await room.call('open');
      const input = room.run('nft', 'list', 'chain', 'inet', 'other', 'input');
      expect(input).toMatch(/iifname "pgobr0" udp dport \{ 53, 67 \} accept/);
      const chain = room.run('nft', 'list', 'chain', 'inet', 'other', 'forward');
      expect(chain).toMatch(/iifname "pgobr0" accept/);
      expect(chain).toMatch(/oifname "pgobr0" ct state established,related accept/);
      await room.call('resetHost');
      expect(room.snapshot()).toBe(before);
    });

    it('that has its own ids and forwarding keeps both', async () => {
      room = await openCleanRoom(NETWORK);
      room.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
      room.run('sh', '-c', 'echo me:100000:65536 | tee /etc/subuid > /etc/subgid');
      const before = room.snapshot();
      await room.call('open');
      expect(room.run('cat', '/etc/subuid')).toBe('me:100000:65536\nroot:165536:65536\n');
      await room.call('resetHost');
      expect(room.snapshot()).toBe(before);
    });

    it('where somebody has a bridge of that name keeps it', async () => {
      room = await openCleanRoom(NETWORK);
      room.run('ip', 'link', 'add', 'pgobr0', 'type', 'bridge');
      const before = room.snapshot();
      await room.call('open');
      expect(room.snapshot()).toContain('pgobr1');
      await room.call('resetHost');
      expect(room.snapshot()).toBe(before);
    });

    it('that routes the network elsewhere is not cut off from it', async () => {
      room = await openCleanRoom(NETWORK);
      room.run('ip', 'link', 'add', 'vpn0', 'type', 'bridge');
      room.run('ip', 'address', 'add', '10.247.3.1/24', 'dev', 'vpn0');
      room.run('ip', 'link', 'set', 'vpn0', 'up');
      const before = room.snapshot();
      await expect(room.call('open')).rejects.toThrow(
        /network 10\.247\.0\.0\/16 is in use on this machine: 10\.247\.3\.0\/24 on vpn0/,
      );
      await room.call('resetHost');
      expect(room.snapshot()).toBe(before);
    });

    it('with a VPN around the network keeps it too', async () => {
      room = await openCleanRoom(NETWORK);
      room.run('ip', 'link', 'add', 'vpn0', 'type', 'bridge');
      room.run('ip', 'link', 'set', 'vpn0', 'up');
      room.run('ip', 'route', 'add', '10.0.0.0/8', 'dev', 'vpn0');
      await expect(room.call('open')).rejects.toThrow(/is in use on this machine: 10\.0\.0\.0\/8 on vpn0/);
      await room.call('resetHost');
    });

    it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
      'is as it was when the node was killed at step %i of its start',
      async (step) => {
        room = await openCleanRoom(NETWORK);
        const before = room.snapshot();
        const end = await room.call('open', step);
        if (step <= 6) expect(end).toBe('killed');
        await room.call('resetHost');
        expect(room.snapshot()).toBe(before);
      },
    );

    it.each([1, 3, 5, 8])('is as it was when a reset was killed %i steps in', async (step) => {
      room = await openCleanRoom(NETWORK);
      const before = room.snapshot();
      await room.call('open');
      const entries = readFileSync(room.journal, 'utf8').split('\n').filter(Boolean).length;
      await room.call('resetHost', entries + step);
      await room.call('resetHost');
      expect(room.snapshot()).toBe(before);
      expect(existsSync(room.journal)).toBe(false);
    });

    it('is ready again when the node was killed in its start and starts once more', async () => {
      room = await openCleanRoom(NETWORK);
      const before = room.snapshot();
      for (const step of [2, 6, 9]) await room.call('open', step);
      await room.call('open');
      expect(room.snapshot()).toContain('masquerade');
      await room.call('resetHost');
      expect(room.snapshot()).toBe(before);
    });
  });
}
