import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CliSite } from './support/cli.ts';

/** `pve-gitops secret` as a user has it, and what a deploy to a simulated container makes of it. */

const ROOT = resolve(import.meta.dirname, '..', '..');
const CLI = join(ROOT, 'build', 'local', 'cli', 'main.js');
const VALUE = 'correct-horse "battery" $(staple)';

let site: CliSite;
beforeAll(async () => {
  site = await CliSite.open('simulated');
});
afterAll(() => site?.close());

/** With a value on standard input. */
function secret(args: readonly string[], input = '', state = site.state) {
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, PVE_GITOPS_STATE_DIRECTORY: state };
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'secret', ...args], {
    cwd: site.folder,
    env,
    input,
    encoding: 'utf8',
  });
  return { code: status, stdout, text: stdout + stderr };
}

const commands = async () =>
  (await site.control('GET', 'exec?vmid=1042')) as readonly {
    name: string;
    argv: readonly string[];
    input: string;
  }[];

describe('secret', () => {
  it('set: from standard input, one line, shown nowhere', () => {
    const directory = site.definition('apache');
    const end = secret(['set', 'DB_PASSWORD', '--dir', directory], `${VALUE}\n`);
    expect(end).toMatchObject({ code: 0 });
    expect(end.text).toMatch(/^secrets\.env: DB_PASSWORD is encrypted for age1\w{58}\n$/);
    const text = readFileSync(join(directory, 'secrets.env'), 'utf8');
    expect(text).toMatch(/^# pve-gitops secrets, for age1\w+\nDB_PASSWORD=age:\S+\n$/);
    expect(statSync(join(site.state, 'ca', 'secrets-key')).mode & 0o777).toBe(0o600);
    expect(secret(['list', '--dir', directory]).stdout).toBe('secrets.env:2  DB_PASSWORD  can be read here\n');
    expect(JSON.parse(secret(['list', '--dir', directory, '--json']).stdout)).toMatchObject({
      version: 1,
      secrets: [{ name: 'DB_PASSWORD', file: 'secrets.env', line: 2, state: 'open' }],
    });
  });

  it('a value as an argument, an empty one, a name that is taken: refused', () => {
    const directory = site.definition('apache');
    expect(secret(['set', 'DB_PASSWORD', VALUE, '--dir', directory])).toMatchObject({ code: 3 });
    expect(secret(['set', 'DB_PASSWORD', '--dir', directory], '\n').text).toContain('it is empty');
    expect(secret(['set', 'PATH', '--dir', directory], 'x').text).toContain('PATH is taken already');
    expect(secret(['set', 'A', '--dir', join(site.folder, 'nowhere')], 'x')).toMatchObject({ code: 3 });
  });

  it('of a stage; of a key without its private half; taken out again', () => {
    const directory = site.definition('apache');
    const elsewhere = join(site.folder, 'elsewhere');
    const key = secret(['key'], '', elsewhere).stdout.trim();
    const end = secret(['set', 'DB_PASSWORD', '--dir', directory, '--stage', 'develop', '--key', key], VALUE);
    expect(end).toMatchObject({ code: 0 });
    expect(end.text).toContain('this machine cannot read it');
    expect(secret(['list', '--dir', directory]).stdout).toBe(
      'secrets.develop.env:2  DB_PASSWORD  encrypted for another key than this machine has\n',
    );
    expect(secret(['list', '--dir', directory], '', elsewhere).stdout).toContain('can be read here');
    expect(secret(['remove', 'DB_PASSWORD', '--dir', directory, '--stage', 'develop'])).toMatchObject({ code: 0 });
    expect(secret(['list', '--dir', directory]).stdout).toBe('no secrets\n');
  });
});

describe('a deploy', () => {
  it('hands all of them over, by standard input alone', async () => {
    const directory = site.definition('apache');
    secret(['set', 'DB_PASSWORD', '--dir', directory], VALUE);
    const end = await site.run(['deploy', directory, '--verbose', '--debug']);
    expect(end).toMatchObject({ code: 0 });
    const [ran] = (await commands()).filter(({ name }) => name === 'configure.sh');
    const input = Buffer.from(ran?.input ?? '', 'base64').toString();
    expect(input).toContain(`DB_PASSWORD=${VALUE}\0`);
    expect(input).not.toContain('secrets.env');
    expect(JSON.stringify((await commands()).map(({ argv }) => argv))).not.toContain('battery');
    expect(end.text + JSON.stringify(await site.config(1042))).not.toContain('battery');
  });

  it('again: nothing to do; after another value: configured', async () => {
    const directory = site.definition('apache');
    secret(['set', 'DB_PASSWORD', '--dir', directory], VALUE);
    // Encrypted anew, the file differs; the value does not.
    expect((await site.run(['deploy', directory])).stdout).toContain('nothing to change');
    secret(['set', 'DB_PASSWORD', '--dir', directory], 'another value');
    expect((await site.run(['plan', directory])).stdout).toMatch(/configure because the configuration has changed/);
    // The environment goes first.
    expect((await site.run(['plan', directory], { SECRET_DB_PASSWORD: VALUE })).stdout).toContain('nothing to change');
  });

  it('without the key: a plan says what it cannot tell, a deploy says file and line', async () => {
    const directory = site.definition('apache');
    secret(['set', 'DB_PASSWORD', '--dir', directory], VALUE);
    const key = join(site.state, 'ca', 'secrets-key');
    renameSync(key, `${key}.away`);
    try {
      const plan = await site.run(['plan', directory]);
      expect(plan).toMatchObject({ code: 0 });
      expect(plan.text).toContain('no value here for DB_PASSWORD: whether configure is due is not known');
      const end = await site.run(['deploy', directory]);
      expect(end).toMatchObject({ code: 3 });
      expect(end.text).toContain('secrets.env:2: DB_PASSWORD: cannot be read: this machine has no key for secrets');
    } finally {
      renameSync(`${key}.away`, key);
    }
  });

  it('of a file with a value in the clear is refused, by validate too, and the value is not repeated', async () => {
    const directory = site.definition('apache', { 'secrets.env': 'DB_PASSWORD=correct-horse\n' });
    for (const verb of ['validate', 'plan', 'deploy']) {
      const end = await site.run([verb, directory]);
      expect(end).toMatchObject({ code: 3 });
      expect(end.text).toMatch(/secrets\.env:1: DB_PASSWORD:? is not encrypted/);
      expect(end.text).not.toContain('correct-horse');
    }
  });
});

describe('secret rotate', () => {
  it('goes through the repositories one after the other, and then forgets the old key', () => {
    const one = site.definition('apache', {}, 'one');
    const two = site.definition('apache', {}, 'two');
    for (const directory of [one, two]) secret(['set', 'DB_PASSWORD', '--dir', directory], VALUE);
    const before = secret(['key']).stdout.trim();
    const first = secret(['rotate', one]);
    expect(first).toMatchObject({ code: 0 });
    expect(first.text).toContain('pve-gitops secret rotate --done');
    const after = secret(['key']).stdout.trim();
    expect(after).not.toBe(before);
    expect(readFileSync(join(one, 'secrets.env'), 'utf8')).toContain(`for ${after}`);
    expect(secret(['list', '--dir', two]).stdout).toContain('can be read here');
    expect(secret(['rotate', two]).text).toContain(`1 value for ${after}`);
    expect(secret(['rotate', '--done']).text).toContain('older keys are gone: 1');
    for (const directory of [one, two]) {
      expect(secret(['list', '--dir', directory]).stdout).toContain('can be read here');
    }
  });

  it('changes no file of which it cannot read all', () => {
    const directory = site.definition('apache', {}, 'one');
    secret(['set', 'DB_PASSWORD', '--dir', directory], VALUE);
    const damaged = `${readFileSync(join(directory, 'secrets.env'), 'utf8')}OTHER=age:${Buffer.from('age-encryption.org/v1\n').toString('base64')}\n`;
    writeFileSync(join(directory, 'secrets.env'), damaged);
    const end = secret(['rotate', directory]);
    expect(end).toMatchObject({ code: 3 });
    expect(end.text).toContain('secrets.env:3: OTHER: damaged');
    expect(readFileSync(join(directory, 'secrets.env'), 'utf8')).toBe(damaged);
  });

  it('the key file is one that the age program reads', () => {
    let age = '';
    try {
      age = execFileSync('sh', ['-c', 'command -v age'], { encoding: 'utf8' }).trim();
    } catch {
      console.warn(
        'LEFT OUT: reading with the age program, which is not here; a value that it made is in the unit tests',
      );
    }
    const file = readFileSync(join(site.state, 'ca', 'secrets-key'), 'utf8');
    expect(file).toMatch(/^(# public key: age1\w{58}\nAGE-SECRET-KEY-1\w{58}\n)+$/);
    if (age === '') return;
    const directory = site.definition('apache', {}, 'one');
    secret(['set', 'DB_PASSWORD', '--dir', directory], VALUE);
    const line = readFileSync(join(directory, 'secrets.env'), 'utf8').split('age:')[1] ?? '';
    const opened = execFileSync(age, ['-d', '-i', join(site.state, 'ca', 'secrets-key')], {
      input: Buffer.from(line, 'base64'),
      encoding: 'utf8',
    });
    expect(opened).toBe(VALUE);
  });
});
