import { describe, expect, it } from 'vitest';
import { type HostProbe, judgeHost } from '../../../../local/node/backend/lxc/requirements.ts';

const PROGRAMS = [
  ...['lxc-start', 'lxc-stop', 'lxc-info', 'lxc-attach', 'lxc-wait', 'lxc-usernsexec', 'newuidmap', 'newgidmap'],
  ...['debootstrap', 'tar', 'zstd', 'nft', 'ip', 'ssh-keygen', 'nsenter', 'unshare', 'setpriv', 'mount'],
];
const good: HostProbe = {
  platform: 'linux',
  root: true,
  proxmox: false,
  programs: new Set(PROGRAMS),
  keyring: true,
  apt: true,
  namespaces: undefined,
  userNamespaces: undefined,
  cgroups: undefined,
  firewall: undefined,
};
const without = (...programs: readonly string[]): HostProbe => ({
  ...good,
  programs: new Set(PROGRAMS.filter((name) => !programs.includes(name))),
});

describe('a machine', () => {
  it('that has everything lacks nothing', () => {
    expect(judgeHost(good)).toEqual([]);
  });

  it('without programs is told their packages, each once', () => {
    expect(judgeHost(without('lxc-start', 'lxc-info', 'zstd'))).toEqual([
      { what: 'lxc', reason: 'lxc-start, lxc-info not found', packages: ['lxc'] },
      { what: 'zstd', reason: 'zstd not found', packages: ['zstd'] },
    ]);
  });

  it('that is no Debian is told the names, but offered nothing', () => {
    expect(judgeHost({ ...without('nft'), apt: false })).toEqual([
      { what: 'nftables', reason: 'nft not found', packages: [] },
    ]);
  });

  it.each([
    ['root', { root: false }, 'root'],
    ['control groups', { cgroups: 'not writable: EROFS' }, 'control groups'],
    ['user namespaces', { userNamespaces: 'unshare failed: No space left on device' }, 'user namespaces'],
    ['archive keys', { keyring: false }, "Debian's archive keys"],
  ] as const)('without %s is told so', (_name, change, what) => {
    expect(judgeHost({ ...good, ...change }).map((missing) => missing.what)).toEqual([what]);
  });

  it('that is no Linux, or a Proxmox VE host, is told that alone', () => {
    expect(judgeHost({ ...without('lxc-start'), platform: 'darwin' })).toHaveLength(1);
    const [only, ...more] = judgeHost({ ...without('lxc-start'), proxmox: true });
    expect(only?.reason).toMatch(/Proxmox VE host/);
    expect(more).toEqual([]);
  });
});
