import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startNode, stopNode } from '../../local/node/daemon.ts';
import { freePort } from '../free-port.ts';
import { CliSite, type Ended } from './support/cli.ts';

/** Everything that commonly goes wrong: one clear error, the right exit code, nothing changed. */

const CONFIG = 'IP=192.168.178.42\nID=42\nHOSTNAME=apache\nMEMORY=512\nDISK=local-lvm:8\n';
let site: CliSite;

beforeAll(async () => {
  site = await CliSite.open();
});
afterAll(() => site.close());
beforeEach(() => site.control('DELETE', 'faults'));

/** As one line, so that a message may wrap. */
const flat = ({ text }: Ended): string => text.replace(/\s+/g, ' ');

function remote(more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return {
    PROXMOX_HOST: '127.0.0.1',
    PROXMOX_PORT: String(site.node.port),
    PROXMOX_CA_FILE: site.node.ca,
    PROXMOX_TOKEN_ID: site.node.token.id,
    PROXMOX_TOKEN_SECRET: site.node.token.secret,
    ...more,
  };
}

describe('what a person wrote', () => {
  it('an unknown key: file, line, key and the key that was meant, for all of them at once', async () => {
    const directory = site.definition('apache', { 'config.env': `${CONFIG}MEMROY=1\nCORES=many\n` });
    const end = await site.run(['deploy', directory]);
    expect(end.code).toBe(3);
    expect(end.text).toMatch(/config\.env:6\S* MEMROY: .*MEMORY/);
    expect(end.text).toMatch(/config\.env:7\S* CORES: /);
    expect(await site.config(1042)).toBeUndefined();
  });

  it('--json: the error as JSON on standard output, alone', async () => {
    const end = await site.run(['plan', site.definition('apache', { 'config.env': 'ID=abc\n' }), '--json']);
    expect(end.code).toBe(3);
    expect(JSON.parse(end.stdout)).toMatchObject({ version: 1, kind: 'failed', error: 'user', exitCode: 3 });
    const good = await site.run(['plan', site.definition('apache'), '--json']);
    expect(JSON.parse(good.stdout)).toMatchObject({ version: 1, kind: 'planned', plan: { vmid: 1042, id: 42 } });
  });

  it('a relative CA file is one beside the settings file', async () => {
    const { host, port, token } = { host: '127.0.0.1', port: site.node.port, token: site.node.token };
    mkdirSync(join(site.folder, 'local'), { recursive: true });
    copyFileSync(site.node.ca, join(site.folder, 'local', 'ca.pem'));
    const proxmox = { host, port, token_id: token.id, token_secret: token.secret, ca_file: 'ca.pem' };
    writeFileSync(join(site.folder, 'local', 'config.json'), JSON.stringify({ proxmox }));
    const end = await site.run(['plan', site.definition('apache', { 'config.env': 'ID=77\nIP=dhcp\n' })]);
    rmSync(join(site.folder, 'local'), { recursive: true });
    expect(end.text).not.toContain('error');
    expect(end.code).toBe(0);
  });

  it('a value that a shell would run is refused and never run', async () => {
    const proof = join(site.folder, 'pwned');
    const directory = site.definition('apache', { 'config.env': `ID=42\nHOSTNAME=$(touch ${proof})\n` });
    const end = await site.run(['deploy', directory]);
    expect(end.code).toBe(3);
    expect(end.text).toMatch(/config\.env:2\S* HOSTNAME: /);
    expect(() => writeFileSync(proof, '', { flag: 'wx' })).not.toThrow();
  });

  it('a missing template: what there is instead', async () => {
    await site.control('PUT', 'file', { storage: 'local', name: 'vztmpl/debian-12-standard_12.7-1_amd64.tar.zst' });
    const directory = site.definition('apache', {
      'config.env': `${CONFIG}TEMPLATE=local:vztmpl/nope_1_amd64.tar.zst\n`,
    });
    const end = await site.run(['deploy', directory]);
    expect(end.code).toBe(3);
    expect(flat(end)).toContain('Unable to use template local:vztmpl/nope_1_amd64.tar.zst: it is not on storage local');
    expect(flat(end)).toContain('there are: local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst');
    expect(await site.config(1042)).toBeUndefined();
  });

  it('an archive with a name of one’s own can be named', async () => {
    await site.control('PUT', 'file', { storage: 'local', name: 'vztmpl/our-own.tar.zst' });
    const directory = site.definition('apache', { 'config.env': `${CONFIG}TEMPLATE=local:vztmpl/our-own.tar.zst\n` });
    const end = await site.run(['plan', directory]);
    expect(end.text).toContain('template: local:vztmpl/our-own.tar.zst');
    expect(end.code).toBe(0);
  });

  it('no Proxmox VE and no local node: every way to name one', async () => {
    const end = await site.run(['plan', site.definition('apache')], {
      PVE_GITOPS_STATE_DIRECTORY: join(site.folder, 'none'),
    });
    expect(end.code).toBe(3);
    expect(end.text).toContain('PROXMOX_HOST');
    expect(end.text).toContain('node start');
  });
});

describe('whose it is', () => {
  it('a container made by hand is refused, named, and left as it is', async () => {
    await site.control('PUT', 'lxc', {
      vmid: 1042,
      config: { hostname: 'byhand', rootfs: 'local-lvm:vm-1042-disk-0,size=4G', description: 'mine' },
    });
    const before = await site.config(1042);
    for (const command of ['deploy', 'configure', 'destroy --yes', 'plan']) {
      const [verb = '', ...options] = command.split(' ');
      const end = await site.run([verb, site.definition('apache'), ...options]);
      expect(end.code).toBe(6);
      expect(flat(end)).toContain('somebody made it by hand');
      expect(flat(end)).toContain('pve-gitops adopt DIR --vmid 1042');
    }
    expect(await site.config(1042)).toEqual(before);
    await site.client.call('DELETE', '/nodes/pve/lxc/1042');
  });

  it('a container of another repository is refused with its owner', async () => {
    const other = await site.run(['deploy', site.definition('apache'), '--owner', 'srv/other']);
    expect(other.code).toBe(0);
    const before = await site.config(1042);
    for (const verb of ['deploy', 'destroy']) {
      const end = await site.run([verb, site.definition('apache'), ...(verb === 'destroy' ? ['--yes'] : [])]);
      expect(end.code).toBe(6);
      expect(flat(end)).toContain('it belongs to srv/other (site local, stage main)');
    }
    expect(await site.config(1042)).toEqual(before);
    expect((await site.run(['destroy', site.definition('apache'), '--owner', 'srv/other', '--yes'])).code).toBe(0);
    expect(await site.config(1042)).toBeUndefined();
  });

  it('a virtual machine’s vmid', async () => {
    await site.control('PUT', 'qemu', { vmid: 1042, config: { name: 'windows' } });
    const end = await site.run(['deploy', site.definition('apache')]);
    expect(end.code).toBe(6);
    expect(flat(end)).toContain('Unable to use vmid 1042: it is a virtual machine "windows" on node pve');
    await site.control('DELETE', 'qemu', { vmid: 1042 });
  });
});

describe('what the server says', () => {
  it('a wrong password', async () => {
    const { PROXMOX_TOKEN_ID: _, PROXMOX_TOKEN_SECRET: __, ...rest } = remote();
    const end = await site.run(['deploy', site.definition('apache')], {
      ...rest,
      PROXMOX_USER: 'root@pam',
      PROXMOX_PASSWORD: 'wrong-password-1',
    });
    expect([3, 4]).toContain(end.code);
    expect(flat(end)).toContain('authentication failure');
    expect(end.text).not.toContain('wrong-password-1');
    expect(await site.config(1042)).toBeUndefined();
  });

  it('a storage that is full: the task’s own words, and nothing stays behind', async () => {
    await site.control('PUT', 'capacity', { storage: 'local-lvm', bytes: 1 << 20 });
    const end = await site.run(['deploy', site.definition('apache')]);
    await site.control('PUT', 'capacity', { storage: 'local-lvm', bytes: 100 * 2 ** 30 });
    expect(end.code).toBe(4);
    expect(flat(end)).toMatch(/Unable to create container 1042 .*(No space left|not enough|out of space|exit code)/i);
    expect(await site.config(1042)).toBeUndefined();
  });

  it('a lock of somebody at work: busy, and how to get out of it', async () => {
    expect((await site.run(['deploy', site.definition('apache')])).code).toBe(0);
    await site.control('PUT', 'lock', { vmid: 1042, lock: 'backup' });
    const before = await site.config(1042);
    const end = await site.run(['deploy', site.definition('apache', { 'config.env': CONFIG.replace('512', '1024') })]);
    expect(end.code).toBe(5);
    expect(flat(end)).toContain('Unable to change container 1042: it is locked (backup)');
    expect(flat(end)).toContain('pct unlock 1042');
    expect(await site.config(1042)).toEqual(before);
    await site.control('PUT', 'lock', { vmid: 1042 });
    expect((await site.run(['destroy', site.definition('apache'), '--yes'])).code).toBe(0);
  });

  it('a replace is planned and shown, and nothing is changed by that', async () => {
    expect((await site.run(['deploy', site.definition('apache')])).code).toBe(0);
    const before = await site.config(1042);
    const smaller = site.definition('apache', {
      'config.env': site.readDefinition('apache', 'config.env').replace('local-lvm:8', 'local-lvm:2'),
    });
    const plan = await site.run(['plan', smaller, '--detailed-exitcode']);
    expect(plan.code).toBe(2);
    expect(plan.text).toContain('disk size: 8 GiB → 2 GiB');
    expect(flat(plan)).toContain('replace');
    expect(await site.config(1042)).toEqual(before);
    expect((await site.run(['destroy', site.definition('apache'), '--yes'])).code).toBe(0);
  });

  it('a lost answer to the create: looked for, not sent again', async () => {
    await site.control('DELETE', 'calls');
    await site.control('POST', 'faults', {
      kind: 'dropped',
      match: { method: 'POST', path: '/nodes/*/lxc', times: 1 },
    });
    const end = await site.run(['deploy', site.definition('apache')]);
    expect(end.code).toBe(0);
    const calls = (await site.control('GET', 'calls')) as Record<string, number>;
    expect(
      Object.entries(calls)
        .filter(([call]) => /^POST .*\/lxc$/.test(call))
        .map(([, count]) => count),
    ).toEqual([1]);
    expect((await site.run(['destroy', site.definition('apache'), '--yes'])).code).toBe(0);
  });
});

describe('who answers', () => {
  it('a changed certificate: both fingerprints’ places, and no credential leaves', async () => {
    await site.control('DELETE', 'calls');
    const wrong = Array(32).fill('AA').join(':');
    const { PROXMOX_CA_FILE: _, ...rest } = remote({ PROXMOX_FINGERPRINT: wrong });
    const end = await site.run(['deploy', site.definition('apache')], rest);
    expect(end.code).toBe(4);
    expect(end.text).toContain(site.node.fingerprint);
    expect(end.text).toContain('Certificates');
    const seen = (await site.control('GET', 'calls')) as Record<string, number>;
    expect(Object.keys(seen).filter((call) => !call.includes('control'))).toEqual([]);
    // No static address: a plan would ask whether it is free, on a network that is none of this test's.
    const dynamic = site.definition('apache', { 'config.env': 'ID=42\nIP=dhcp\n' });
    const right = await site.run(['plan', dynamic], {
      ...rest,
      PROXMOX_FINGERPRINT: site.node.fingerprint,
    });
    expect(right.text).not.toContain('error');
    expect(right.code).toBe(0);
  });

  it('a dead node: refused at once, and who was asked', async () => {
    const port = await freePort();
    const end = await site.run(['deploy', site.definition('apache')], remote({ PROXMOX_PORT: String(port) }));
    expect(end.code).toBe(4);
    expect(flat(end)).toContain(`127.0.0.1:${port}`);
  });

  it('a local node that was stopped is named as the cause, and found again', async () => {
    const state = join(site.state, 'node');
    await stopNode(state);
    expect((await site.run(['plan', site.definition('apache')])).code).toBe(3);
    const again = await startNode({ state, backend: 'simulated', port: site.node.port });
    expect(again.port).toBe(site.node.port);
    expect((await site.run(['plan', site.definition('apache')])).code).toBe(0);
  });
});

describe('a machine without root or LXC', () => {
  it('ends with 9, what is missing and the way without it', async () => {
    // Without any program in its PATH every machine lacks LXC; a machine without root lacks that too.
    const environment = {
      PATH: join(site.folder, 'no-programs'),
      PVE_GITOPS_STATE_DIRECTORY: join(site.folder, 'none'),
    };
    const end = await site.run(['node', 'start'], environment);
    expect(end.code).toBe(9);
    expect(flat(end)).toContain('Unable to run containers on this machine');
    expect(end.text).toContain('--simulated');
    expect((await site.run(['node', 'status'], environment)).stdout).toContain('no local node is running');
  });
});
