import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliSite } from './support/cli.ts';
import { dataOf } from './support/node-client.ts';

/** What is not ours survives every command unharmed: config, volumes with their content, snapshots, backups, power. */

const THEIRS = 1043;
const OURS = 1042;
const CANDIDATE = 901_042;
let site: CliSite;

beforeAll(async () => {
  site = await CliSite.open();
});
afterAll(() => site.close());

const flat = (text: string): string => text.replace(/\s+/g, ' ');

function define(vmid: number, more = '', name = 'apache'): string {
  const directory = site.definition(
    'apache',
    { 'config.env': null, 'container.yml': '', 'configure.sh': '#!/bin/sh\n' },
    name,
  );
  const yaml = `vmid: ${vmid}
ip: 192.168.178.${vmid - 1000}
hostname: apache
disk: local-lvm:4
engine: shell
volumes: { data: { path: /srv/data, disk: "local-lvm:1" } }
${more}`;
  writeFileSync(join(directory, 'container.yml'), yaml);
  return directory;
}

const list = async (path: string) => dataOf<readonly Record<string, unknown>[]>(await site.client.call('GET', path));

/** Everything of one container. */
async function whole(vmid: number) {
  const volumes = (await list('/nodes/pve/storage/local-lvm/content')).filter((volume) => volume.vmid === vmid);
  const contents = volumes.map(async ({ volid }) => {
    return [volid, await site.control('GET', `content?volid=${encodeURIComponent(String(volid))}`)] as const;
  });
  return {
    config: await site.config(vmid),
    status: (await list('/nodes/pve/lxc')).find((guest) => guest.vmid === vmid)?.status,
    volumes: await Promise.all(contents),
    // The digest of the last one is that of the config.
    snapshots: (await list(`/nodes/pve/lxc/${vmid}/snapshot`)).map((snapshot) => without(snapshot, 'digest')),
    backups: (await list('/nodes/pve/storage/local/content?content=backup')).filter((entry) => entry.vmid === vmid),
    permissions: (await list('/access/acl')).filter(({ path }) => path === `/vms/${vmid}`),
  };
}

const without = <T extends object>(values: T, ...keys: readonly string[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(values).filter(([key]) => !keys.includes(key)));

/** With something in its volumes, a snapshot and a backup that somebody relies on. */
async function use(vmid: number): Promise<void> {
  const config = await site.config(vmid);
  for (const key of ['rootfs', 'mp0']) {
    const volid = String(config?.[key]).split(',')[0] ?? '';
    await site.control('PUT', 'content', { volid, path: 'file', text: `theirs in ${key}` });
  }
  await site.task('POST', `/nodes/pve/lxc/${vmid}/snapshot`, {
    snapname: 'theirs',
    description: 'before I try something',
  });
  await site.task('POST', '/nodes/pve/vzdump', { vmid, storage: 'local', mode: 'snapshot' });
}

async function byHand(vmid: number): Promise<void> {
  await site.task('POST', '/nodes/pve/lxc', {
    vmid,
    ostemplate: 'local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst',
    hostname: 'byhand',
    rootfs: 'local-lvm:4',
    mp0: 'local-lvm:1,mp=/srv/data',
    unprivileged: 1,
    start: 1,
    description: 'mine',
  });
}

async function remove(vmid: number): Promise<void> {
  await site.control('DELETE', 'lxc', { vmid });
  await site.control('DELETE', 'files', { storage: 'local', name: `backup/vzdump-lxc-${vmid}` });
}

const COMMANDS = [
  'plan',
  'deploy',
  'deploy --force',
  'configure',
  'rebuild',
  'snapshot',
  'status',
  'doctor',
  'history',
  'rollback',
  'rollback --with-data',
  'rollback --to 0123456789ab',
  'destroy --yes',
  'destroy --yes --delete-volume data --delete-volume mp0',
];

/** Other commands that could meet it. DIR is a folder with the definition in it. */
const SITE_WIDE = [
  'status',
  'image list',
  'image prune --older-than 0',
  `import --vmid ${THEIRS} --print`,
  'validate DIR/apache',
  'adopt --all DIR',
  'drift',
  'drift DIR/apache',
  'setup',
];

/** Commands for all containers of the site; the one of another repository is one of them. */
const FLEET = ['update', 'backup --storage local'];

/** What is not tried here, each with the reason. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  schema: 'prints a file',
  diff: 'compares two commits, asks no server',
  secret: 'writes files of the definition, asks no server',
  controlplane: 'deploys by the same flow what it finds by its own marks, in test/e2e',
  node: 'the local node itself, of this machine',
  help: 'prints words',
};

/** What adopt is for, when it is asked for by vmid: its mark and our tag, and nothing else. */
const OF_MARKS = ['description', 'tags', 'digest'];

describe('the commands', () => {
  it('are all here, or named with the reason why not', async () => {
    const help = await site.run(['--help']);
    const names = [...(help.stdout.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(
      ([, name]) => name,
    );
    const tried = [...COMMANDS, ...SITE_WIDE, ...FLEET].map((command) => command.split(' ')[0]);
    expect(names.length).toBeGreaterThan(15);
    expect(names.filter((name = '') => !tried.includes(name) && ELSEWHERE[name] === undefined)).toEqual([]);
    const image = await site.run(['image', '--help']);
    const kinds = [...(image.stdout.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name);
    expect(kinds.toSorted()).toEqual(['build', 'help', 'list', 'prune']);
  });
});

describe.each<readonly [string, () => Promise<unknown>, string, string | undefined]>([
  ['made by hand', () => byHand(THEIRS), 'somebody made it by hand', undefined],
  [
    'a clone of one of ours, with its mark',
    async () => {
      expect((await site.run(['deploy', define(OURS)])).text).not.toContain('error');
      await site.task('POST', `/nodes/pve/lxc/${OURS}/status/stop`);
      await site.task('POST', `/nodes/pve/lxc/${OURS}/clone`, { newid: THEIRS, full: 1 });
      await site.task('POST', `/nodes/pve/lxc/${THEIRS}/status/start`);
    },
    'it is a clone',
    undefined,
  ],
  [
    'of another repository',
    async () => {
      const made = await site.run(['deploy', define(THEIRS), '--owner', 'srv/other']);
      expect(made.code === 0 ? '' : made.text).toBe('');
    },
    'it belongs to srv/other',
    'srv/other',
  ],
])('a container %s', (_, make, reason, owner) => {
  beforeAll(async () => {
    // The template that byHand() names comes with the first deploy.
    expect((await site.run(['deploy', define(1050, '', 'first')])).code).toBe(0);
    await make();
    await use(THEIRS);
  }, 120_000);
  afterAll(async () => {
    for (const vmid of [OURS, THEIRS, CANDIDATE, 901_043, 1050]) await remove(vmid);
  });

  it('survives every command for its vmid', async () => {
    const before = await whole(THEIRS);
    const directory = define(THEIRS);
    for (const command of COMMANDS) {
      const [verb = '', ...options] = command.split(' ');
      const end = await site.run([verb, directory, ...options]);
      expect({ command, state: await whole(THEIRS) }).toEqual({ command, state: before });
      // Which commit is meant is asked first, and this directory is in no repository.
      if (command.startsWith('rollback --to')) continue;
      expect({ command, text: flat(end.text) }).toEqual({ command, text: expect.stringContaining(reason) as string });
      if (!['status', 'doctor', 'history'].includes(verb))
        expect({ command, code: end.code }).toEqual({ command, code: 6 });
    }
    const folder = join(directory, '..');
    for (const command of SITE_WIDE) {
      const end = await site.run(command.split(' ').map((word) => word.replace('DIR', folder)));
      expect([command, end.code]).not.toEqual([command, 1]);
      expect({ command, state: await whole(THEIRS) }).toEqual({ command, state: before });
    }
    for (const command of FLEET) {
      const end = await site.run([...command.split(' ')]);
      expect([command, end.code]).not.toEqual([command, 1]);
      const { backups, ...now } = await whole(THEIRS);
      expect({ command, state: now }).toEqual({ command, state: without(before, 'backups') });
      expect(backups).toEqual(expect.arrayContaining(before.backups));
      if (owner === undefined) expect(backups).toEqual(before.backups);
    }
    const since = await whole(THEIRS);
    const gone = await site.run(['deploy', define(THEIRS, 'state: absent')]);
    expect([gone.code, await whole(THEIRS)]).toEqual([6, since]);
    expect((await list('/nodes/pve/lxc')).map(({ vmid }) => vmid)).not.toContain(901_043);
    define(THEIRS);
    const taken = await site.run(['adopt', directory, '--vmid', String(THEIRS)]);
    if (owner === undefined) {
      expect(taken.code).toBe(0);
      const now = await whole(THEIRS);
      expect({ ...now, config: without(now.config ?? {}, ...OF_MARKS) }).toEqual({
        ...since,
        config: without(since.config ?? {}, ...OF_MARKS),
      });
      return;
    }
    expect([taken.code, await whole(THEIRS)]).toEqual([6, since]);
    expect(flat(taken.text)).toContain(`--from ${owner}`);
    const all = await site.run(['adopt', '--all', folder, '--yes']);
    expect([all.code, await whole(THEIRS)]).toEqual([6, since]);
  }, 300_000);

  it('survives what is done to ours beside it', async () => {
    const before = await whole(THEIRS);
    const commands = [
      ['deploy', define(OURS)],
      ['rebuild', define(OURS)],
      ['destroy', define(OURS), '--yes', '--delete-volume', 'data'],
    ];
    for (const command of commands) {
      const end = await site.run(command);
      expect({ command, text: end.code === 0 ? '' : end.text }).toEqual({ command, text: '' });
      expect({ command, state: await whole(THEIRS) }).toEqual({ command, state: before });
    }
    expect(await site.config(OURS)).toBeUndefined();
  }, 120_000);
});

describe('a container made by hand where a candidate would stand', () => {
  afterAll(async () => {
    for (const vmid of [OURS, CANDIDATE]) await remove(vmid);
  });

  it('survives a replace, which is refused and leaves ours serving', async () => {
    expect((await site.run(['deploy', define(OURS)])).code).toBe(0);
    await byHand(CANDIDATE);
    await use(CANDIDATE);
    const [before, ours] = [await whole(CANDIDATE), await site.config(OURS)];
    for (const command of [
      ['rebuild', define(OURS)],
      ['deploy', define(OURS, 'template: debian-13\nunprivileged: no\n')],
    ]) {
      const end = await site.run(command);
      expect(end.code).toBe(6);
      expect(await whole(CANDIDATE)).toEqual(before);
      const { description: _, digest: _d, ...now } = (await site.config(OURS)) ?? {};
      expect(ours).toMatchObject(now);
      expect((await list('/nodes/pve/lxc')).find(({ vmid }) => vmid === OURS)?.status).toBe('running');
    }
  }, 120_000);
});
