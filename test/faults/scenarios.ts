import type { Files, World } from './world.ts';

/** A deploy that is killed and disturbed: what stands before it, and what it is to bring about. */
export interface Scenario {
  readonly name: string;
  /** Deployed before, undisturbed; absent: there is nothing. */
  readonly before?: Files;
  /** What happens between that and the deploy: somebody writes into a volume. */
  meanwhile?(world: World): Promise<void>;
  readonly files: Files;
  /** What the end must hold beside being the same: texts to be found in it. */
  readonly shows: readonly string[];
}

/** ID 42 on a node whose vmids begin at 100. */
export const SCENARIO_VMID = 1042;

const SCRIPT = `#!/bin/sh
echo 'changed: the service'
`;

const env = (values: Readonly<Record<string, string | number>>): Files => ({
  'config.env': Object.entries({ IP: '192.168.178.42', ID: 42, HOSTNAME: 'web', ...values })
    .map(([key, value]) => `${key}=${value}\n`)
    .join(''),
  'configure.sh': SCRIPT,
});

const SMALL = env({ CORES: 1, MEMORY: 512, DISK: 'local-lvm:4', BOOT: 'yes' });

/** Two volumes; a smaller disk replaces. */
const kept = (disk: number): Files => ({
  'container.yml': `ip: 192.168.178.42
id: 42
hostname: web
memory: 512
disk: local-lvm:${disk}
volumes:
  data: { path: /srv/data, disk: "local-lvm:1" }
  cache: { path: /srv/cache, disk: "local-lvm:2", backup: no }
`,
  'configure.sh': SCRIPT,
});

/** The root file system and one of two volumes on these storages. */
const placed = (disk: string, data: string, more = ''): Files => ({
  'container.yml': `ip: 192.168.178.42
id: 42
hostname: web
memory: 512
disk: ${disk}:4
${more}volumes:
  data: { path: /srv/data, disk: "${data}:1" }
  cache: { path: /srv/cache, disk: "local-lvm:2", backup: no }
`,
  'configure.sh': SCRIPT,
});

/** What people have written into the volumes, and the SSH host keys that they know it by. */
async function use(world: World): Promise<void> {
  const { values } = world.node.core.guests.read('lxc', SCENARIO_VMID).config;
  for (const [key, text] of [
    ['mp0', 'of data'],
    ['mp1', 'of cache'],
  ] as const) {
    await world.control('PUT', 'content', { volid: values[key]?.split(',')[0], path: 'file', text });
  }
  await world.control('PUT', 'answers', { name: 'read host keys', exitCode: 0, stdout: 'a2V5cw==\n' });
}

export const SCENARIOS: readonly Scenario[] = [
  { name: 'create', files: SMALL, shows: ['"hostname":"web"', '"configure.sh":'] },
  {
    name: 'update',
    before: SMALL,
    files: env({ CORES: 2, MEMORY: 1024, DISK: 'local-lvm:6', BOOT: 'no', NESTING: 'no' }),
    shows: ['"memory":"1024"', 'size=6G', '"pending":{}'],
  },
  {
    name: 'configure',
    before: SMALL,
    files: { ...SMALL, 'configure.sh': `${SCRIPT}echo 'changed: more of it'\n` },
    shows: ['"configure.sh":'],
  },
  {
    name: 'move',
    before: placed('local-lvm', 'local-lvm'),
    meanwhile: async (world) => {
      await use(world);
      await world.addStorage('fast');
    },
    files: placed('fast', 'fast'),
    shows: [
      '"fast of 1042 as rootfs"',
      '"fast of 1042 as mp0":{"size":1073741824,"content":{"file":"of data"}}',
      '"local-lvm of 1042 as mp1":{"size":2147483648,"content":{"file":"of cache"}}',
    ],
  },
  {
    name: 'migrate',
    before: placed('local-lvm', 'local-lvm'),
    meanwhile: async (world) => {
      await use(world);
      await world.control('PUT', 'members', { nodes: ['pve2'] });
    },
    files: placed('local-lvm', 'local-lvm', 'node: pve2\n'),
    shows: [
      '"standing":{"1042":"pve2"}',
      '"local-lvm of 1042 as mp0":{"size":1073741824,"content":{"file":"of data"}}',
    ],
  },
  {
    name: 'replace',
    before: kept(8),
    meanwhile: use,
    files: kept(4),
    shows: [
      'size=4G',
      '"local-lvm of 1042 as mp0":{"size":1073741824,"content":{"file":"of data"}}',
      '"local-lvm of 1042 as mp1":{"size":2147483648,"content":{"file":"of cache"}}',
    ],
  },
];
