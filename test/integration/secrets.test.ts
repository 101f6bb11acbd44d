import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import { createSecretKeys } from '../../src/adapters/keys/secret-keys.ts';
import { setSecret } from '../../src/secrets/edit.ts';
import type { CliSite } from '../contract/support/cli.ts';
import { dataOf } from '../contract/support/node-client.ts';
import { watchArguments } from './argument-watch.ts';
import { openCliSite } from './cli-site.ts';
import { poolOf, searchFor } from './leak-search.ts';

/**
 * A secret of secrets.env reaches a script, a playbook and a recipe, and nothing else: no log, no arguments, no file that is
 * left in a container, its snapshots, an image or the node's own files, and no owner mark.
 */

const missing = await checkHost();

describe('secrets on real containers', () => {
  it('are tried only where containers can run', () => {
    for (const { what, reason } of missing) console.warn(`LEFT OUT: secrets on real containers: ${what}: ${reason}`);
    expect(missing.every(({ reason }) => reason !== '')).toBe(true);
  });
});

const TOKEN = `canary-${randomBytes(12).toString('hex')}-{{ braces }}-'quote'`;
const KEY = ['-----BEGIN CANARY-----', randomBytes(30).toString('hex'), randomBytes(30).toString('hex'), ''].join('\n');

const SCRIPT = `#!/bin/bash
set -eu
echo "token: $APP_TOKEN"
printf '%s' "$APP_KEY" >&2
# So long that somebody who looks at processes sees it at work.
head -c 300000000 /dev/zero | sha256sum >/dev/null
printf '%s' "$APP_TOKEN" | sha256sum | cut -d ' ' -f 1 >/srv/token.sum
printf '%s' "$APP_KEY" | sha256sum | cut -d ' ' -f 1 >/srv/key.sum
`;

/** Everything that can be done with a secret without leaving it somewhere on purpose. */
const PLAYBOOK = `
- hosts: all
  gather_facts: false
  tasks:
    - name: A sum of what came in a module's arguments
      ansible.builtin.command: { cmd: sha256sum, stdin: "{{ APP_TOKEN }}", stdin_add_newline: false }
      register: token
    - name: Where a service would read it, on tmpfs
      ansible.builtin.copy: { content: "{{ APP_KEY }}", dest: /run/app.key, mode: "0600" }
    - name: A sum of the file
      ansible.builtin.command: { cmd: sha256sum /run/app.key }
      register: key
    - name: Gone again
      ansible.builtin.file: { path: /run/app.key, state: absent }
    - name: Sums
      ansible.builtin.copy: { content: "{{ item.sum }}\\n", dest: "/srv/{{ item.name }}.sum" }
      loop:
        - { name: token, sum: "{{ token.stdout.split()[0] }}" }
        - { name: key, sum: "{{ key.stdout.split()[0] }}" }
      loop_control: { label: "{{ item.name }}" }
    - name: Said aloud, {{ APP_TOKEN }}
      ansible.builtin.debug: { msg: "{{ APP_TOKEN }} {{ APP_KEY }}" }
    - name: Said by a command that fails
      ansible.builtin.command: { cmd: sh -c "cat; exit 3", stdin: "{{ APP_TOKEN }}" }
      ignore_errors: true
`;

const RECIPE = `
file('/srv/token.sum') { content ::Digest::SHA256.hexdigest(ENV['APP_TOKEN']) + "\\n" }
file('/srv/key.sum') { content ::Digest::SHA256.hexdigest(Env.get(node, 'app_key')) + "\\n" }
puts "said aloud: #{ENV['APP_TOKEN']}"
Env.set(node, 'copied', ENV['APP_TOKEN'])
`;

/** No Cinc client can be had here: what stands in for it is put there before. */
const STAND_IN = `#!/bin/sh
set -e
apt-get update -q >/dev/null && apt-get install -q -y --no-install-recommends ruby >/dev/null
install -m 755 cinc-client /usr/local/bin/cinc-client
`;

if (missing.length === 0) {
  let site: CliSite;
  const search = searchFor([TOKEN, KEY]);

  beforeAll(async () => {
    site = await openCliSite();
    site.images = 'build';
  });
  afterAll(async () => {
    await site?.close();
    search.close();
  });

  /** A definition with both secrets, encrypted for the site. */
  async function definition(name: string, id: number, files: Readonly<Record<string, string>>): Promise<string> {
    const directory = join(site.folder, 'definitions', name);
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    const config = [`IP=192.168.178.${id}`, `ID=${id}`, 'MEMORY=512', 'DISK=local-lvm:4', ''].join('\n');
    const keys = createSecretKeys({ stateDirectory: site.state });
    const one = await setSecret(keys, { file: 'secrets.env', text: undefined }, 'APP_TOKEN', TOKEN);
    const both = await setSecret(keys, { file: 'secrets.env', text: one.text }, 'APP_KEY', KEY);
    const all = { 'config.env': config, 'secrets.env': both.text, ...files };
    for (const [file, text] of Object.entries(all)) {
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      writeFileSync(join(directory, file), text);
    }
    return directory;
  }

  const status = async (vmid: number) =>
    dataOf<{ pid: number }>(await site.client.call('GET', `/nodes/pve/lxc/${vmid}/status/current`));
  const rootOf = async (vmid: number): Promise<string> => `/proc/${(await status(vmid)).pid}/root`;
  const sum = async (text: string): Promise<string> => {
    const { createHash } = await import('node:crypto');
    return createHash('sha256').update(text).digest('hex');
  };

  /** What a run has said and left in its container. */
  async function left(vmid: number, said: string): Promise<readonly string[]> {
    return [
      ...search.text(said).map((text) => `said: ${text}`),
      ...search.text(JSON.stringify(await site.config(vmid))).map((text) => `config: ${text}`),
      ...search.container((await status(vmid)).pid),
    ];
  }

  /** What is left on the node: its files, all volumes with their snapshots, and blocks that nothing points to any more. */
  function leftOnNode(): readonly string[] {
    const state = join(site.state, 'node');
    const pool = poolOf(state);
    // What was written is on the disk only then.
    if (pool !== undefined) execFileSync('sync', ['-f', pool]);
    return [
      ...search.files(site.folder, ['volumes.btrfs']),
      ...(pool === undefined ? [] : search.files(pool)),
      ...search.bytes(join(state, 'volumes.btrfs')).map((text) => `disk: ${text}`),
    ];
  }

  it.each([
    ['a script', 'script', 61, { 'configure.sh': SCRIPT }, 'sha256sum'],
    ['a recipe', 'recipe', 63, { 'recipes/default.rb': RECIPE }, 'ruby'],
    ['a playbook', 'playbook', 62, { 'playbook.yml': PLAYBOOK }, 'ansible-playbook'],
  ] as const)('%s gets them, and they are nowhere else', async (_, name, id, files, program) => {
    if (name === 'recipe') {
      const program = readFileSync(join(import.meta.dirname, 'cinc/cinc-client'), 'utf8');
      const before = await definition(name, id, { 'configure.sh': STAND_IN, 'cinc-client': program });
      expect(await site.run(['deploy', before])).toMatchObject({ code: 0 });
    }
    const directory = await definition(name, id, files);
    const watch = watchArguments([TOKEN, ...KEY.split('\n').filter((line) => line !== '')]);
    const first = await site.run(['deploy', directory, '--verbose', '--debug']);
    // Once more, with a snapshot of the container for the way back.
    const again = await site.run(['deploy', directory, '--verbose', '--debug', '--force']);
    watch.stop();
    expect(first).toMatchObject({ code: 0 });
    expect(again).toMatchObject({ code: 0 });
    expect(first.text).toContain('***');
    const vmid = 1000 + id;
    const root = await rootOf(vmid);
    expect(readFileSync(join(root, 'srv/token.sum'), 'utf8').trim()).toBe(await sum(TOKEN));
    expect(readFileSync(join(root, 'srv/key.sum'), 'utf8').trim()).toBe(await sum(KEY));
    expect(await left(vmid, first.text + again.text)).toEqual([]);
    expect([...watch.found]).toEqual([]);
    expect([...watch.programs].some((seen) => seen.includes(program) || seen.startsWith('python'))).toBe(true);
    expect(watch.rounds).toBeGreaterThan(100);
  });

  it('nor on the node: files, snapshots, images, disk', () => {
    expect(leftOnNode()).toEqual([]);
  });

  it('the search finds what is left on purpose, wherever it is', async () => {
    const leaky = `${SCRIPT}
mkdir -p /var/lib/app && printf '%s' "$APP_KEY" >/var/lib/app/key
printf '%s' "$APP_TOKEN" >/run/token
printf '%s' "$APP_TOKEN" | base64 -w0 >/tmp/encoded
echo "$APP_TOKEN" | systemd-cat -t leak
sh -c 'sleep 1; true' "$APP_TOKEN"
`;
    const directory = await definition('script', 61, { 'configure.sh': leaky });
    const watch = watchArguments([TOKEN]);
    const end = await site.run(['deploy', directory]);
    watch.stop();
    expect(end).toMatchObject({ code: 0 });
    expect(watch.found.size).toBeGreaterThan(0);
    const found = [...(await left(1061, `${end.text}${KEY}`)), ...leftOnNode()];
    for (const path of [/^\/run\/token$/, /^\/tmp\/encoded$/, /^\/var\/lib\/app\/key$/, /^journal: /, /^said: /]) {
      expect(found).toContainEqual(expect.stringMatching(path));
    }
    if (poolOf(join(site.state, 'node')) !== undefined) {
      expect(found).toContainEqual(expect.stringMatching(/^disk: /));
      expect(found).toContainEqual(expect.stringMatching(/pool\/.*\/var\/lib\/app\/key$/));
    }
  });
}
