import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SETTINGS, stateOf, take } from './take.ts';

/** Configs as Proxmox VE stores them, of containers that can run. Each key is there or not. */
const flag = fc.constantFrom('0', '1');
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const number = (min: number, max: number): fc.Arbitrary<string> => fc.integer({ min, max }).map(String);
const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}[a-z0-9]$/);
const path = fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join('/')}`);
const gib = fc.oneof(
  number(1, 900).map((size) => `${size}G`),
  number(100, 4000).map((size) => `${size}M`),
);
const mac = fc.integer({ min: 0, max: 0xff_ffff }).map((last) => {
  const hex = last.toString(16).toUpperCase().padStart(6, '0');
  return `BC:24:11:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`;
});

/** `key=value,…` of what is there, in any order but with the first in front. */
function properties(first: string, parts: Readonly<Record<string, fc.Arbitrary<string>>>): fc.Arbitrary<string> {
  const entries = Object.entries(parts).map(([key, value]) => maybe(value).map((text) => [key, text] as const));
  return fc
    .tuple(...entries)
    .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }))
    .map((all) => [first, ...all.flatMap(([key, text]) => (text === undefined ? [] : [`${key}=${text}`]))].join(','));
}

function net(index: number): fc.Arbitrary<string> {
  const ip = fc.constantFrom('dhcp', 'manual', `10.88.${index}.7/24`, `10.88.${index}.7/24,gw=10.88.${index}.1`, '');
  const ip6 = fc.constantFrom('', 'ip6=auto', 'ip6=dhcp', 'ip6=manual', `ip6=fd00::${index}:7/64`);
  const first = fc.record({ ip, ip6, bridge: fc.constantFrom('vmbr0', 'vmbr77') }).map((all) => ({
    // One gateway is enough for a container.
    ip: index === 0 ? all.ip : all.ip.replace(/,gw=.*/, ''),
    ...(all.ip6 === '' ? { rest: '' } : { rest: `,${all.ip6}` }),
    bridge: all.bridge,
  }));
  return first.chain(({ ip: address, rest, bridge }) => {
    const head = `name=eth${index},bridge=${bridge}${address === '' ? '' : `,ip=${address}`}${rest}`;
    return properties(head, {
      hwaddr: mac.map((text) => text.replace(/..$/, String(index).padStart(2, '0'))),
      tag: number(1, 4094),
      firewall: flag,
      link_down: flag,
      mtu: number(64, 65_535),
      rate: fc.constantFrom('1', '12.5', '0.25'),
      trunks: fc.constantFrom('5', '5;7', '100;2'),
      type: fc.constant('veth'),
    });
  });
}

function mount(vmid: number, index: number): fc.Arbitrary<string> {
  const options = { ro: flag, backup: flag, acl: flag, quota: flag, replicate: flag, keepattrs: flag };
  const volume = fc
    .record({ size: gib, at: path, storage: fc.constantFrom('local-lvm', 'tank') })
    .chain(({ size, at, storage }) =>
      properties(`${storage}:vm-${vmid}-disk-${index + 1},mp=${at}/v${index},size=${size}`, {
        ...options,
        mountoptions: fc.constantFrom('noatime', 'noatime;nodev', 'nosuid;discard'),
      }),
    );
  const bind = fc
    .record({ host: path, at: path })
    .chain(({ host, at }) => properties(`/mnt${host},mp=${at}/b${index}`, { ro: flag, shared: flag }));
  const special = fc.constantFrom(
    `/dev/sdb${index + 1},mp=/srv/block${index}`,
    `tank:vm-999-disk-${index},mp=/srv/other${index},size=1G`,
    `tank:vm-${vmid}-disk-${index + 1},mp=srv/relative${index},size=1G`,
  );
  return fc.oneof({ arbitrary: volume, weight: 4 }, { arbitrary: bind, weight: 3 }, { arbitrary: special, weight: 1 });
}

const device = properties('/dev/net/tun', {
  mode: fc.constantFrom('0660', '0666', '0600'),
  uid: number(0, 70_000),
  gid: number(0, 70_000),
  'deny-write': flag,
});
const features = properties('', {
  nesting: flag,
  keyctl: flag,
  fuse: flag,
  mknod: flag,
  mount: fc.constantFrom('nfs', 'nfs;cifs'),
  force_rw_sys: flag,
}).map((text) => text.replace(/^,/, ''));
const description = fc
  .array(
    fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.constantFrom('# Title', '- item: yes', '  indented', '"', 'end  ', 'ä\u2028'),
    ),
    {
      maxLength: 6,
    },
  )
  .map((lines) => `${lines.join('\n')}\n`);

const config = (vmid: number): fc.Arbitrary<Readonly<Record<string, string>>> =>
  fc
    .record({
      fixed: fc.record(
        {
          arch: fc.constantFrom('amd64', 'i386'),
          cmode: fc.constant('shell'),
          console: flag,
          cores: number(1, 64),
          cpulimit: fc.constantFrom('0', '1', '1.5', '2.0'),
          cpuunits: number(8, 500_000),
          description,
          features,
          hookscript: fc.constant('local:snippets/hook.pl'),
          hostname: fc.oneof(word, fc.constantFrom('Web-1.Example.org', '1e3', '0x10', 'null', '123')),
          memory: number(16, 16_777_216),
          nameserver: fc.constantFrom('1.1.1.1', '1.1.1.1 8.8.8.8', 'fd00::1', ' '),
          onboot: flag,
          ostype: fc.constantFrom('debian', 'ubuntu', 'alpine'),
          protection: flag,
          searchdomain: fc.constantFrom('example.org', 'a.example b.example', ' '),
          startup: fc.constantFrom('order=1', '3', 'order=1,up=30,down=60', 'up=5', '2,down=9'),
          swap: number(0, 65_536),
          tags: fc.constantFrom('web', 'b;a', '2x;db;prod', ' ', 'pve-gitops', 'pve-gitops;web', 'Web'),
          timezone: fc.constant('Europe/Berlin'),
          tty: fc.constant('1'),
          unprivileged: flag,
          unused0: fc.constant(`local-lvm:vm-${vmid}-disk-99`),
          parent: fc.constant('s1'),
        },
        { requiredKeys: [] },
      ),
      rootfs: fc.oneof(
        gib.chain((size) =>
          properties(`local-lvm:vm-${vmid}-disk-0`, { mountoptions: fc.constant('discard'), acl: flag }).map(
            (text) => `${text},size=${size}`,
          ),
        ),
        fc.constant(`local:${vmid}/subvol-${vmid}-disk-0.subvol,size=0T`),
      ),
      // Any of the numbers: a gap is as good as none.
      nets: fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }),
      mounts: fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { maxLength: 5 }),
      device: maybe(device),
    })
    .chain(({ fixed, rootfs, nets, mounts, device: dev }) =>
      fc
        .record({
          ...Object.fromEntries(nets.map((key, index) => [`net${key}`, net(index)])),
          ...Object.fromEntries(mounts.map((key) => [`mp${key}`, mount(vmid, key)])),
        })
        .map((rest) => {
          const all = { ...fixed, rootfs, ...rest, ...(dev === undefined ? {} : { dev0: dev }) };
          const there = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
          return Object.fromEntries(there);
        }),
    );

describe('import of any container', () => {
  it.each([
    ['a site with a gateway', SETTINGS],
    ['a site without', { ...SETTINGS, network: { bridge: 'vmbr9', interface: 'eth0', prefix: 24 } }],
  ])(
    '%s: its definition changes nothing',
    (_, settings) => {
      fc.assert(
        fc.property(config(101), fc.boolean(), (values, running) => {
          const { differences, text } = take(stateOf(values, { running }), { rawLines: ['lxc.idmap: u 0'] }, settings);
          expect(differences, text).toEqual([]);
        }),
        { numRuns: 100 },
      );
    },
    30_000,
  );

  it('what is pending counts as made', () => {
    fc.assert(
      fc.property(config(101), config(101), (values, later) => {
        // A change of these is no pending value, but an error or done at once.
        const kept = /^(?:rootfs|unprivileged|mp\d+|net\d+|description|tags)$/;
        const pending = Object.fromEntries(Object.entries(later).filter(([key]) => !kept.test(key)));
        const { differences, text } = take(stateOf(values, { pending }));
        expect(differences, text).toEqual([]);
      }),
      { numRuns: 50 },
    );
  }, 30_000);
});
