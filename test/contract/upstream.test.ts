import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseDescription } from '../../src/model/mark.ts';
import { CliSite, type Ended } from './support/cli.ts';
import { dataOf, type Fields, type NodeClient } from './support/node-client.ts';

/** A Proxmox-GitOps site comes along: its repository in our form, its containers adopted, and nothing of them replaced. */

const TEMPLATE = 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst';
let site: CliSite;
let root: NodeClient;
let source: string;
let target: string;

const env = (id: number, more = ''): string =>
  `IP="192.168.178.${id}"\nID="${id}"\nCORES="2"\nMEMORY="1024"\nSWAP="512"\nDISK="local-lvm:4"\nBOOT="yes"\n${more}`;

const FILES: Readonly<Record<string, string>> = {
  'container.env': env(254).replace('ID="254"', 'ID="100"'),
  'globals.json': '{ "AUTO_DEPLOY": "false", "LIBS_BROKER_ENDPOINT": "mqtt://192.168.178.109:1883" }\n',
  'local/config.json': `{ "proxmox": { "host": "192.168.178.", "user": "root@pam", "password": "hush-of-root", "node": "pve",
    "gateway": "192.168.178.1", "mask": "24", "interface": "eth0", "bridge": "vmbr0", "storage": "local:vztmpl",
    "template": "debian-13-standard_13.1-2" }, "login": "anna", "password": "hush-of-anna" }\n`,
  'local/share/.keys/109': 'PRIVATE KEY\n',
  'config/recipes/default.rb': "package 'gitea'\n",
  'base/default.yml': '- hosts: localhost\n',
  'tasks/update/default.rb': 'puts 1\n',
  'libs/broker/container.env': `${env(109, 'MOUNT=""\n')}# note\nOWNER="$(id -un)"\n`,
  'libs/broker/container.stage.env': `${env(209).replace('BOOT="yes"', 'BOOT="no"')}MOUNT=""\n`,
  'libs/broker/container.local.env': 'MEMORY="1536"\n',
  'libs/broker/recipes/default.rb': `Common.packages(self, 'mosquitto')
include_attribute 'config::default'
Common.application(self, 'mosquitto', user: Env.get(self, 'login'))
Utils.teleport('x')
# Utils.mistake is only a comment
`,
  'libs/broker/templates/mosquitto.conf.erb': 'listener 1883\n',
  'libs/broker/.gitea/workflows/pipeline.yml': `jobs:
  include:
    runs-on: shell
    steps:
      - uses: tasks/checkout@v6
      - uses: main/config/.gitea/workflows@main
        with:
          repo: \${{ gitea.repository }}
          branch: \${{ gitea.ref_name }}
`,
  'libs/media/container.env': env(112, 'MOUNT="/mnt:/media,local-lvm:2:/var/lib/media,/dev/null" # films\n'),
  'libs/media/recipes/default.rb': "package 'jellyfin'\n",
  'libs/proxy/config.env': env(101),
  'libs/proxy/recipes/default.rb': "package 'caddy'\n",
  'libs/share/recipes/default.rb': "package 'samba'\n",
  'libs/wrong/container.env': env(999).replace('192.168.178.999', 'nowhere'),
};

/** As their playbook makes one with root’s password. */
const common = (id: number): Fields => ({
  ostemplate: TEMPLATE,
  cores: 2,
  memory: 1024,
  swap: 512,
  rootfs: 'local-lvm:4',
  onboot: 1,
  unprivileged: 1,
  net0: `name=eth0,bridge=vmbr0,gw=192.168.178.1,ip=192.168.178.${id}/24`,
});

async function make(vmid: number, fields: Fields): Promise<void> {
  const upid = dataOf<string>(await root.call('POST', '/nodes/pve/lxc', { vmid, ...common(vmid), ...fields }));
  await vi.waitFor(
    async () => {
      const state = dataOf(await root.call('GET', `/nodes/pve/tasks/${encodeURIComponent(upid)}/status`));
      expect(state).toMatchObject({ status: 'stopped', exitstatus: 'OK' });
    },
    { timeout: 30_000 },
  );
}

beforeAll(async () => {
  site = await CliSite.open();
  await site.control('PUT', 'file', { storage: 'local', name: 'vztmpl/debian-12-standard_12.7-1_amd64.tar.zst' });
  const { user, password } = site.node;
  const answer = await site.client.with({}).call('POST', '/access/ticket', { username: user, password });
  const { ticket, CSRFPreventionToken: csrf } = dataOf<{ ticket: string; CSRFPreventionToken: string }>(answer);
  root = site.client.with({ cookie: `PVEAuthCookie=${ticket}`, csrfpreventiontoken: csrf });
  source = join(site.folder, 'upstream');
  target = join(site.folder, 'ours');
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), text);
  }
  mkdirSync(join(source, 'libs', 'hollow'));
  symlinkSync('/etc/passwd', join(source, 'libs', 'broker', 'outside'));
});
afterAll(() => site.close());

const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();
const sum = (folder: string): string =>
  createHash('sha256')
    .update(
      files(folder)
        .map((name) => {
          const { mode, mtimeMs } = statSync(join(folder, name));
          return `${name} ${mode} ${mtimeMs}`;
        })
        .join('\n'),
    )
    .digest('hex');
const flat = ({ text }: Ended): string => text.replace(/\s+/g, ' ');
const written = (path: string): string => readFileSync(join(target, path), 'utf8');

describe('import upstream', () => {
  let said: string;

  it('writes our form elsewhere, and changes nothing of the repository', async () => {
    const before = sum(source);
    const end = await site.run(['import', 'upstream', source, '--to', target]);
    expect(end.code === 0 ? '' : end.text).toBe('');
    said = flat(end);
    expect(sum(source)).toBe(before);
    expect(files(target)).toEqual([
      'container.schema.json',
      'globals.json',
      'libs/broker/.gitea/workflows/pipeline.yml',
      'libs/broker/container.local.yml',
      'libs/broker/container.stage.yml',
      'libs/broker/container.yml',
      'libs/broker/recipes/default.rb',
      'libs/broker/templates/mosquitto.conf.erb',
      'libs/media/container.yml',
      'libs/media/recipes/default.rb',
      'libs/proxy/container.yml',
      'libs/proxy/recipes/default.rb',
      'local/config.json',
    ]);
  });

  it('env files and overlays become container.yml with the same stages', async () => {
    expect(written('libs/broker/container.yml')).toContain('vmid: 109\nboot: yes\nip: 192.168.178.109\n');
    expect(written('libs/broker/container.yml')).toContain('features:\n  nesting: yes\n  keyctl: yes\n');
    expect(written('libs/broker/container.stage.yml')).toMatch(/vmid: 209\nboot: no\n[\s\S]*mount: \[\]\n/);
    expect(written('libs/media/container.yml')).toMatch(
      /volumes:\n {2}media:\n {4}path: \/var\/lib\/media\n {4}disk: local-lvm:2\n {4}backup: no\n {4}acl: yes\nmount:\n {2}- \/mnt:\/media\n {2}- \/dev\/null\n/,
    );
    for (const stage of ['main', 'stage']) {
      const end = await site.run(['validate', join(target, 'libs', 'broker'), '--stage', stage]);
      expect(end.text).toContain('ok');
    }
  });

  it('settings come along without secrets, and globals as they are', () => {
    expect(JSON.parse(written('local/config.json'))).toEqual({
      proxmox: { user: 'root@pam', node: 'pve', template_storage: 'local' },
      network: { gateway: '192.168.178.1', prefix: '24', interface: 'eth0', bridge: 'vmbr0' },
      login: 'anna',
    });
    expect(statSync(join(target, 'local', 'config.json')).mode & 0o777).toBe(0o600);
    expect(JSON.parse(written('globals.json'))).toMatchObject({ AUTO_DEPLOY: 'false' });
    for (const name of files(target)) expect(readFileSync(join(target, name), 'utf8')).not.toMatch(/hush|PRIVATE KEY/);
    expect(said).not.toMatch(/hush-of/);
  });

  it('a workflow calls our action, with its input branch as it stands', () => {
    const workflow = written('libs/broker/.gitea/workflows/pipeline.yml');
    expect(workflow).toContain('uses: srv/config/.gitea/workflows@main\n');
    expect(workflow).toContain('branch: ${{ gitea.ref_name }}');
    expect(said).toContain('pipeline.yml:5 uses tasks/checkout@v6, which is not there');
  });

  it.each([
    'libs/broker/container.env:10 OWNER: has a value that bash would compute',
    'libs/broker/container.local.yml now counts over stage stage for MEMORY',
    'libs/broker/recipes/default.rb:2 takes from the cookbook config',
    'libs/broker/recipes/default.rb:4 Utils.teleport is not offered',
    'libs/share has no container.env',
    'libs/hollow is empty: git submodule update --init',
    'libs/broker/outside is a symlink that leads out',
    'libs/wrong was not written',
    'libs/wrong/container.env:1 IP: "nowhere" is nothing that container.yml takes',
    'container.env their control plane stays as it is',
    'local/config.json: proxmox.password a secret is not copied',
    'local/share keys, certificates and snapshots of /share: not read',
    'base the playbook that creates containers',
    'globals.json AUTO_DEPLOY, LIBS_BROKER_ENDPOINT: recipes find them with Env.get',
  ])('says: %s', (text) => {
    expect(said).toContain(text);
    expect(said).not.toContain('Utils.mistake');
  });

  it.each([
    [['import', 'upstream', 'upstream'], '--to FOLDER'],
    [['import', 'upstream', 'upstream', '--to', 'upstream/in-it'], 'it lies within what is imported'],
    [['import', 'upstream', 'upstream', '--to', 'ours'], 'it is there'],
    [['import', 'upstream', 'ours', '--to', 'other'], 'is no Proxmox-GitOps repository'],
    [['import', 'upstream', 'nowhere', '--to', 'other'], 'ENOENT'],
    [['import', 'one', 'two'], 'one directory at a time'],
  ])('%j is refused', async (args, reason) => {
    const end = await site.run(args);
    expect([end.code, flat(end)]).toEqual([3, expect.stringContaining(reason)]);
    expect(existsSync(join(site.folder, 'other'))).toBe(false);
  });
});

describe('adopt --all', () => {
  const config = async (vmid: number) => (await site.config(vmid)) as Readonly<Record<string, string>>;
  const rest = ({ description: _, tags: _t, digest: _d, ...other }: Readonly<Record<string, string>>) => other;
  const settings = () => ({ PVE_GITOPS_CONFIG: join(target, 'local', 'config.json') });

  beforeAll(async () => {
    await make(109, { hostname: 'broker', features: 'nesting=1,keyctl=1', memory: 1536 });
    await make(101, { hostname: 'proxy', features: 'nesting=1,keyctl=1' });
    await make(112, {
      hostname: 'media',
      features: 'nesting=1,keyctl=1,mount=cifs',
      mp0: '/mnt,mp=/media,ro=0,acl=1',
      mp1: 'local-lvm:2,mp=/var/lib/media,ro=0,acl=1',
      dev0: '/dev/null',
    });
  }, 60_000);

  it('without --yes: says for each what would be written and changed, and writes nothing', async () => {
    const before = await site.writes();
    const end = await site.run(['adopt', '--all', target], settings());
    expect(await site.writes()).toBe(before);
    const text = flat(end);
    expect(text).toMatch(
      /libs\/broker · container 109 on pve would be written: the owner mark, one line of its description, the tag pve-gitops; nothing else a deploy would change nothing of its resources/,
    );
    expect(end.code).toBe(0);
    expect(text).toContain('3 can be adopted, 0 ours already, 0 refused; nothing is replaced');
  });

  it('with --yes: marks and tags, and nothing else; deploys then change nothing of the resources', async () => {
    const before = await Promise.all([109, 101, 112].map(config));
    const end = await site.run(['adopt', '--all', target, '--yes'], settings());
    expect(flat(end)).toContain('3 adopted');
    expect(flat(end)).toContain('kept in the site’s own store, for recipes: AUTO_DEPLOY, LIBS_BROKER_ENDPOINT');
    const stored = join(site.state, 'variables', 'LIBS_BROKER_ENDPOINT');
    expect(readFileSync(stored, 'utf8')).toBe('mqtt://192.168.178.109:1883');
    const after = await Promise.all([109, 101, 112].map(config));
    expect(after.map(rest)).toEqual(before.map(rest));
    for (const [index, vmid] of [109, 101, 112].entries()) {
      const { mark } = parseDescription(after[index]?.description);
      expect(mark).toMatchObject({ vmid, owner: `srv/${['broker', 'proxy', 'media'][index]}`, role: 'live' });
      expect(after[index]?.tags).toBe('pve-gitops');
    }
    const again = await site.run(['adopt', '--all', target], settings());
    expect(flat(again)).toContain('0 can be adopted, 3 ours already');
    const { stdout } = await site.run(['plan', join(target, 'libs', 'proxy'), '--json'], settings());
    const { plan } = JSON.parse(stdout) as { plan: { steps: readonly { kind: string }[] } };
    expect(plan.steps.map(({ kind }) => kind)).not.toContain('update');
  });

  it('refuses by name what it cannot: gone, a stranger, another’s, a replace, a vmid twice', async () => {
    const folder = join(site.folder, 'refusals');
    const define = (name: string, text: string): void => {
      mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(join(folder, name, 'container.yml'), text);
    };
    await make(120, { hostname: 'nas' });
    await make(121, { hostname: 'root', unprivileged: 0 });
    await make(122, { hostname: 'twice' });
    define('gone', 'vmid: 140\n');
    define('stranger', 'vmid: 120\n');
    define('broker', 'vmid: 109\nhostname: broker\n');
    define('root', 'vmid: 121\nip: 192.168.178.121\ndisk: local-lvm:4\n');
    define('twice', 'vmid: 122\n');
    define('again', 'vmid: 122\nhostname: twice\n');
    define('anywhere', 'memory: 512\n');
    define('broken', 'vmid: 12\n');
    const before = await site.writes();
    const end = await site.run(['adopt', '--all', folder, '--yes', '--organisation', 'main'], settings());
    expect(await site.writes()).toBe(before);
    expect(end.code).toBe(6);
    const text = flat(end);
    for (const reason of [
      'refused: there is no guest with this vmid',
      'refused: it is nas (192.168.178.120), and not stranger',
      'refused: it belongs to srv/broker (site local, stage main)',
      'refused: a deploy would replace it: privileges',
      'refused: several definitions are for vmid 122',
      'refused: the definition names no vmid',
      'refused: container.yml:1',
      '0 adopted, 0 ours already, 8 refused; nothing is replaced',
    ])
      expect(text).toContain(reason);
  });

  it('says what is wrong with the folder', async () => {
    expect(flat(await site.run(['adopt', '--all', join(site.folder, 'nowhere')]))).toContain('no such directory');
    expect(flat(await site.run(['adopt', '--all', source]))).toMatch(/no definition in it|refused/);
    expect(flat(await site.run(['adopt', target]))).toContain('--vmid names the container');
  });
});
