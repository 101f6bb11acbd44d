import { describe, expect, it } from 'vitest';
import type { ContainerSpec } from '../../../../local/node/backend/backend.ts';
import type { Cgroups } from '../../../../local/node/backend/lxc/cgroups.ts';
import { type ConfigInput, type HostFacts, lxcConfig } from '../../../../local/node/backend/lxc/lxc-config.ts';

const volume = { storage: 'local', name: '100/vm-100-disk-0.raw', vmid: 100, size: 0 };
const spec: ContainerSpec = {
  vmid: 100,
  hostname: 'web',
  arch: 'amd64',
  ostype: 'debian',
  unprivileged: true,
  features: {},
  memory: 512,
  swap: 0,
  rootfs: { key: 'rootfs', source: { kind: 'volume', volume }, path: '/', readOnly: false },
  mounts: [],
  interfaces: [{ index: 0, name: 'eth0', bridge: 'vmbr0', hwaddr: 'bc:24:11:00:00:64', linkDown: false }],
};
const host: HostFacts = {
  cgroups: { version: 2, controllers: new Set(['cpu', 'cpuset', 'memory']) },
  cores: 4,
  idRange: { start: 165536, count: 65536 },
  apparmor: 'off',
  pieces: new Set(['common.conf', 'debian.common.conf', 'userns.conf']),
};

const V1: Cgroups = {
  version: 1,
  controllers: new Map(['cpu', 'cpuset', 'memory'].map((name) => [name, `/sys/fs/cgroup/${name}`])),
  swap: true,
};

const config = (
  change: Partial<ContainerSpec> = {},
  facts: Partial<HostFacts> = {},
  more: Partial<ConfigInput> = {},
): readonly string[] =>
  lxcConfig({
    ...more,
    spec: { ...spec, ...change },
    host: { ...host, ...facts },
    rootfs: '/run/x/100',
    bridgeOf: () => 'pgobr0',
    sourceOf: (mount) => `/run/x/${mount.key}`,
    group: 'pgo-x',
    hotplug: '/run/x/hotplug/100',
  })
    .trimEnd()
    .split('\n');

describe('lxc’s configuration', () => {
  it('maps ids and takes the pieces for it in an unprivileged container only', () => {
    expect(config()).toContain('lxc.idmap = u 0 165536 65536');
    expect(config()).toContain('lxc.include = /usr/share/lxc/config/userns.conf');
    expect(config()).toContain('lxc.include = /usr/share/lxc/config/debian.common.conf');
    expect(config({ ostype: 'arch' })).toContain('lxc.include = /usr/share/lxc/config/common.conf');
    expect(config({ unprivileged: false }).join('\n')).not.toMatch(/idmap|userns/);
  });

  it('has the device of FUSE where it is given one, and never the host’s own', () => {
    expect(config({ features: { fuse: '1' } }).join('\n')).not.toContain('fuse');
    const lines = config({}, {}, { fuse: '/run/x/mounts/100/dev/fuse' });
    expect(lines).toContain('lxc.mount.entry = /run/x/mounts/100/dev/fuse dev/fuse none bind,create=file 0 0');
  });

  it('always says the MAC, and names the host’s end after the container', () => {
    expect(config()).toContain('lxc.net.0.hwaddr = bc:24:11:00:00:64');
    expect(config()).toContain('lxc.net.0.veth.pair = veth100i0');
    expect(config()).toContain('lxc.net.0.link = pgobr0');
  });

  it('uses the keys of the control groups that there are', () => {
    expect(config()).toContain('lxc.cgroup2.memory.max = 536870912');
    const v1 = config({}, { cgroups: V1 });
    expect(v1).toContain('lxc.cgroup.memory.limit_in_bytes = 536870912');
    expect(v1.join('\n')).not.toContain('cgroup2.memory');
  });

  it('opens what nesting needs where it is asked for, and AppArmor where there is one', () => {
    const v1 = { cgroups: V1 };
    expect(config({ features: { nesting: '1' } }, v1)).toContain('lxc.mount.auto = cgroup:rw:force proc:rw sys:rw');
    expect(config({}, v1)).toContain('lxc.mount.auto = cgroup:mixed proc:rw sys:rw');
    expect(config().join('\n')).not.toContain('apparmor');
    const nested = config({ features: { nesting: '1' } }, { apparmor: 'generated' });
    expect(nested).toContain('lxc.apparmor.profile = generated');
    expect(nested).toContain('lxc.apparmor.allow_nesting = 1');
  });

  it('mounts what it is told to, and escapes what lxc would split', () => {
    const lines = config({
      mounts: [{ key: 'mp 0', source: { kind: 'bind', path: '/x' }, path: '/srv/my files', readOnly: true }],
    });
    expect(lines).toContain('lxc.mount.entry = /run/x/mp\\0400 srv/my\\040files none bind,create=dir,ro 0 0');
  });

  it('has no line that a value made up', () => {
    expect(() => config({ hostname: 'web\nlxc.hook.start-host = /bin/evil' })).toThrow(/line/);
    const mounts = [
      { key: 'mp0', source: { kind: 'bind', path: '/x' }, path: '/a\nlxc.x = y', readOnly: false },
    ] as const;
    expect(config({ mounts }).some((line) => line.startsWith('lxc.x'))).toBe(false);
  });
});
