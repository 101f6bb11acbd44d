import { Resolver } from 'node:dns/promises';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import { parseDescription } from '../../src/model/mark.ts';
import type { CliSite, Running } from '../contract/support/cli.ts';
import { dataOf } from '../contract/support/node-client.ts';
import { openCliSite, prefixOf } from './cli-site.ts';
import { searchFor } from './leak-search.ts';

/** Playbooks on real containers: in a job that has no credentials and leaves nothing, and inside the container itself. */

const missing = await checkHost();

describe('playbooks on real containers', () => {
  it('are tried only where containers can run', () => {
    for (const { what, reason } of missing) console.warn(`LEFT OUT: playbooks on real containers: ${what}: ${reason}`);
    expect(missing.every(({ reason }) => reason !== '')).toBe(true);
  });
});

const CONFIG = (id: number, more = ''): string =>
  [`IP=192.168.178.${id}`, `ID=${id}`, 'HOSTNAME=web', 'MEMORY=512', 'DISK=local-lvm:4', more, ''].join('\n');

const FILES = {
  'config.env': CONFIG(71),
  'playbook.yml': '- name: The page\n  hosts: all\n  gather_facts: false\n  roles: [web]\n',
  'group_vars/all.yml': 'greeting: Hello\n',
  'roles/web/templates/page.j2': '<h1>{{ greeting }} from {{ HOSTNAME }} at {{ IP }} to {{ LOGIN }}</h1>\n',
  'roles/web/handlers/main.yml': '- name: count\n  ansible.builtin.shell: echo changed >> /srv/count\n',
  'roles/web/tasks/main.yml': `- name: Directory
  ansible.builtin.file: { path: /srv/www, state: directory, mode: "0755" }
- name: Page
  ansible.builtin.template: { src: page.j2, dest: /srv/www/index.html, mode: "0644" }
  notify: count
- name: Somebody else's file
  ansible.builtin.copy: { content: "app\\n", dest: /app/file }
  become: true
  become_user: app
`,
} as const;

if (missing.length === 0) {
  let site: CliSite;

  beforeAll(async () => {
    site = await openCliSite([12, 13]);
    site.images = 'build';
  });
  afterAll(() => site?.close());

  function definition(changes: Readonly<Record<string, string>> = {}, name = 'web'): string {
    const directory = join(site.folder, 'definitions', name);
    rmSync(directory, { recursive: true, force: true });
    for (const [file, text] of Object.entries({ ...FILES, ...changes })) {
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      writeFileSync(join(directory, file), text);
    }
    return directory;
  }

  const rootOf = async (vmid: number): Promise<string> => {
    const reply = await site.client.call('GET', `/nodes/pve/lxc/${vmid}/status/current`);
    return `/proc/${dataOf<{ pid: number }>(reply).pid}/root`;
  };
  const inside = async (vmid: number, path: string): Promise<string> =>
    readFileSync(join(await rootOf(vmid), path), 'utf8');
  const vmids = async (): Promise<number[]> =>
    dataOf<{ vmid: number }[]>(await site.client.call('GET', '/nodes/pve/lxc')).map(({ vmid }) => Number(vmid));
  const principals = (vmid: number): Promise<string> => inside(vmid, '/etc/ssh/pve-gitops/principals/root');

  /** A task that goes on when the test says so. */
  const WAITING = `${FILES['roles/web/tasks/main.yml']}- name: Wait
  ansible.builtin.wait_for: { path: /srv/go, timeout: 1500, sleep: 1 }
`;
  const isWaiting = (running: Running) => running.when(async () => /task: web : Wait/.test(running.text()));

  describe('in a job', () => {
    it('a page with its handler; what changed is told by task', async () => {
      const end = await site.run(['deploy', definition()], { LOGIN: '{{ann}}' });
      expect(end).toMatchObject({ code: 0 });
      expect(end.text).toContain('configure: 4 ok, 4 changed, 0 failed');
      expect(end.text).toMatch(/· web : Page\n/);
      const address = `${prefixOf(site)}.178.71`;
      const page = await inside(1071, '/srv/www/index.html');
      expect(page).toBe(`<h1>Hello from web at ${address} to {{ann}}</h1>\n`);
      expect(await inside(1071, '/srv/count')).toBe('changed\n');
      expect((await vmids()).filter((vmid) => vmid > 700_000 && vmid < 800_000)).toEqual([]);
      expect(await principals(1071)).toBe('root\n');
      expect(existsSync(join(await rootOf(1071), '/usr/bin/git'))).toBe(false);
    });

    it('again: nothing changed', async () => {
      const began = Date.now();
      const end = await site.run(['deploy', definition(), '--force'], { LOGIN: '{{ann}}' });
      expect(end).toMatchObject({ code: 0 });
      expect(end.text).toContain('configure: 3 ok, 0 changed, 0 failed');
      expect(await inside(1071, '/srv/count')).toBe('changed\n');
      console.warn(`a playbook that changes nothing, in a job: ${((Date.now() - began) / 1000).toFixed(1)} s`);
    });

    it('which has no credential of the site, and which nobody takes for a container of theirs', async () => {
      const running = site.start(['deploy', definition({ 'roles/web/tasks/main.yml': WAITING }), '--verbose'], {
        LOGIN: '{{ann}}',
      });
      await isWaiting(running);
      const root = await rootOf(701_071);
      const { mark } = parseDescription(String((await site.config(701_071))?.description));
      expect(mark).toMatchObject({ role: 'job', name: 'job-1071', vmid: 701_071 });
      expect(Date.parse(mark?.expires ?? '')).toBeGreaterThan(Date.now());
      const kit = readFileSync(join(root, 'run/pve-gitops/configure/kit/login'), 'utf8');
      expect(kit).toContain('BEGIN OPENSSH PRIVATE KEY');
      const authority = readFileSync(join(site.state, 'ca', 'user-ca'), 'utf8').split('\n')[2] ?? '';
      const search = searchFor([site.node.token.secret, site.node.control.secret, authority]);
      expect(search.container(Number(root.split('/')[2]))).toEqual([]);
      search.close();
      // Its login is good for this one, from the job alone, and not for ever.
      expect(await principals(1071)).toMatch(
        /^root\nfrom="[\d.]+",expiry-time="\d{14}Z" pve-gitops-job-1071-[0-9a-f]{16}\n$/,
      );
      running.kill();
      expect((await running.ended).code).toBeNull();
      expect(await vmids()).toContain(701_071);
    });

    it('and what a killed run left of it goes with the next one', async () => {
      const end = await site.run(['deploy', definition()], { LOGIN: '{{ann}}' });
      expect(end).toMatchObject({ code: 0 });
      expect(end.text).toContain('job 701071 was left by an earlier run: it is destroyed');
      expect((await vmids()).filter((vmid) => vmid > 700_000 && vmid < 800_000)).toEqual([]);
      expect(await principals(1071)).toBe('root\n');
    });

    it('a failing task is named with file and line', async () => {
      const tasks = `${FILES['roles/web/tasks/main.yml']}- name: Nowhere
  ansible.builtin.file: { path: /proc/nowhere/at/all, state: directory }
`;
      const end = await site.run(['deploy', definition({ 'roles/web/tasks/main.yml': tasks })], { LOGIN: '{{ann}}' });
      expect(end.code).not.toBe(0);
      expect(end.text).toMatch(/task "web : Nowhere" \(roles\/web\/tasks\/main\.yml:1[01]\) failed: .*nowhere/);
      expect(await inside(1071, '/srv/www/index.html')).toContain('Hello from web');
    });
  });

  describe('libs/resolver', () => {
    it('answers for its domain by itself', async () => {
      const directory = site.definition('resolver');
      const end = await site.run(['deploy', directory]);
      expect(end.code === 0 ? '' : end.text).toBe('');
      const resolver = new Resolver({ timeout: 2000, tries: 5 });
      resolver.setServers([`${prefixOf(site)}.178.47`]);
      expect(await resolver.resolve4('anything.home.arpa')).toEqual(['192.168.178.44']);
      expect((await site.run(['deploy', directory, '--force'])).text).toMatch(/3 ok, 0 changed, 0 failed/);
      expect((await site.run(['destroy', directory, '--yes'])).code).toBe(0);
    });
  });

  describe('inside the container, of Debian 12', () => {
    // Without an image: nothing else is made from it here.
    const target = { LOGIN: 'ann', PVE_GITOPS_ANSIBLE_PLACE: 'target', PVE_GITOPS_IMAGES: 'off' };
    const files = { 'config.env': CONFIG(72, 'TEMPLATE=debian-12') };

    it('a page with its handler, without a second container', async () => {
      await site.control('DELETE', 'calls');
      const end = await site.run(['deploy', definition(files, 'old')], target);
      expect(end).toMatchObject({ code: 0 });
      expect(end.text).toContain('configure: 4 ok, 4 changed, 0 failed');
      expect(await inside(1072, '/srv/www/index.html')).toContain(' to ann</h1>');
      const again = await site.run(['deploy', definition(files, 'old'), '--force'], target);
      expect(again.text).toContain('configure: 3 ok, 0 changed, 0 failed');
      expect((await vmids()).filter((vmid) => vmid > 700_000 && vmid < 800_000)).toEqual([]);
    });

    it('a playbook for somebody else, one with an error of syntax, and requirements that cannot be had', async () => {
      const other = '- hosts: webservers\n  tasks: []\n';
      const failed = await site.run(['deploy', definition({ ...files, 'playbook.yml': other }, 'old')], target);
      expect(failed.text).toContain('no play of playbook.yml is for it');
      const wrong = '- hosts: all\n  tasks:\n    - no.such.module: {}\n';
      const syntax = await site.run(['deploy', definition({ ...files, 'playbook.yml': wrong }, 'old')], target);
      expect(syntax.text).toMatch(/playbook\.yml ended with exit code 4: .*no\.such\.module.*\(playbook\.yml:3\)/);
      const requirements = {
        'requirements.yml': 'collections:\n  - name: https://127.0.0.1:9/none.tar.gz\n    type: url\n',
      };
      const galaxy = await site.run(['deploy', definition({ ...files, ...requirements }, 'old')], target);
      expect(galaxy.text).toMatch(/Unable to configure container 1072: requirements\.yml ended with exit code/);
    });
  });
}
