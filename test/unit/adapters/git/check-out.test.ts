import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CheckOutRequest, checkOut } from '../../../../src/adapters/git/check-out.ts';
import { createMask } from '../../../../src/adapters/process/mask.ts';
import { type GitopsError, isGitopsError } from '../../../../src/model/errors.ts';
import { type Forge, startForge } from './forge.ts';

const TOKEN = 'job-token-0123456789abcdef';
const ODD = "odd/$(touch${IFS}owned);'x'&y";

let forge: Forge;
let directory: string;
let first: string;
let middle: string;
let second: string;

beforeAll(async () => {
  forge = await startForge({ token: TOKEN });
  forge.write('config.env', 'ID=42\n');
  forge.work('add', '.');
  forge.work('commit', '--quiet', '-m', 'first');
  first = forge.work('rev-parse', 'HEAD');
  forge.work('branch', ODD);
  forge.work('tag', 'v1');
  forge.write('config.env', 'ID=142\n');
  forge.work('commit', '--quiet', '-am', 'middle');
  middle = forge.work('rev-parse', 'HEAD');
  forge.write('config.env', 'ID=43\n');
  forge.work('commit', '--quiet', '-am', 'second');
  second = forge.work('rev-parse', 'HEAD');
  forge.work('push', '--quiet', 'origin', 'main', ODD, 'v1');
});
afterAll(() => forge.close());
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'checkout-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function run(more: Partial<CheckOutRequest> = {}) {
  return checkOut({
    serverUrl: forge.url,
    repository: 'owner/name',
    ref: 'main',
    token: TOKEN,
    directory,
    mask: createMask(),
    signal: new AbortController().signal,
    timeoutMs: 30_000,
    ...more,
  });
}

async function failure(run: Promise<unknown>): Promise<GitopsError> {
  const error = await run.then(
    () => 'it went well',
    (reason: unknown) => reason,
  );
  if (!isGitopsError(error)) throw new Error(`expected a GitopsError, got ${String(error)}`);
  return error;
}

const content = (name = 'config.env') => readFileSync(join(directory, name), 'utf8');

describe('checkOut', () => {
  it('takes the event’s commit, not the head of its branch, and nothing before it', async () => {
    expect(await run({ sha: first })).toEqual({ commit: first });
    expect(content()).toBe('ID=42\n');
    const log = execFileSync('git', ['-C', directory, 'log', '--format=%H'], { encoding: 'utf8' });
    expect(log.trim()).toBe(first);
  });

  it.each([
    ['a branch', 'main', () => second],
    ['its full name', 'refs/heads/main', () => second],
    ['a tag', 'v1', () => first],
    ['a branch whose name a shell would run', ODD, () => first],
  ])('takes the head of %s', async (_, ref, commit) => {
    expect(await run({ ref })).toEqual({ commit: commit() });
    expect(existsSync(join(directory, 'owned'))).toBe(false);
  });

  it('replaces an earlier checkout of the same repository, left-overs included', async () => {
    await run({ sha: first });
    writeFileSync(join(directory, 'left-over'), '');
    await run({ sha: second });
    expect(readdirSync(directory).sort()).toEqual(['.git', 'config.env']);
    expect(content()).toBe('ID=43\n');
  });

  it('goes on where a killed run had just begun, and leaves everything else alone', async () => {
    execFileSync('git', ['init', '--quiet', directory]);
    await run();
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
    writeFileSync(join(directory, 'thesis.txt'), 'mine');
    expect((await failure(run())).message).toContain('it holds something else');
    expect(content('thesis.txt')).toBe('mine');
  });

  it('falls back to the ref where a server gives out no single commits', async () => {
    // Protocol version 0 has this rule; later ones give out every commit.
    const home = process.env.HOME;
    const fake = mkdtempSync(join(tmpdir(), 'home-'));
    writeFileSync(join(fake, '.gitconfig'), '[protocol]\nversion = 0\n');
    process.env.HOME = fake;
    try {
      expect(await run({ sha: middle })).toEqual({ commit: middle });
      expect(content()).toBe('ID=142\n');
      expect(await run({ ref: 'v1', sha: first })).toEqual({ commit: first });
      // That commit is in the repository, but not in the ref that the event names.
      const error = await failure(run({ ref: 'v1', sha: middle }));
      expect(error).toMatchObject({ kind: 'user', message: expect.stringContaining('is not there (any more)') });
    } finally {
      process.env.HOME = home;
      rmSync(fake, { recursive: true });
    }
  });

  it('says that a commit, a branch or a repository is not there', async () => {
    expect((await failure(run({ sha: 'f'.repeat(40) }))).message).toBe(
      `Unable to check out owner/name at main: commit ${'f'.repeat(40)} is not there (any more)`,
    );
    expect((await failure(run({ ref: 'nowhere' }))).message).toBe(
      'Unable to check out owner/name at nowhere: there is no such branch or tag',
    );
    rmSync(directory, { recursive: true });
    expect((await failure(run({ repository: 'owner/other' }))).message).toBe(
      'Unable to check out owner/other at main: the forge has no such repository, or shows it to other users only',
    );
  });

  it.each([
    { ref: '--upload-pack=id' },
    { ref: '-q' },
    { ref: 'a..b' },
    { ref: 'main:refs/heads/x' },
    { ref: 'a b' },
    { ref: '' },
    { sha: 'HEAD' },
    { sha: `--${'a'.repeat(38)}` },
    { repository: '../etc' },
    { repository: '-x/y' },
    { repository: 'a/b/c' },
    { serverUrl: 'file:///etc' },
    { serverUrl: 'http://user:pw@127.0.0.1/' },
    { serverUrl: '--x' },
  ])('refuses %j without asking anybody', async (wrong) => {
    const before = forge.requests.length;
    expect((await failure(run(wrong))).kind).toBe('user');
    expect(forge.requests.length).toBe(before);
  });
});

describe('the token', () => {
  it('is in no argument, no file and no message', async () => {
    const bin = mkdtempSync(join(tmpdir(), 'bin-'));
    const record = join(bin, 'argv');
    const real = execFileSync('sh', ['-c', 'command -v git'], { encoding: 'utf8' }).trim();
    writeFileSync(join(bin, 'git'), `#!/bin/sh\nprintf '%s\\n' "$@" >>'${record}'\nexec ${real} "$@"\n`);
    chmodSync(join(bin, 'git'), 0o755);
    const path = process.env.PATH;
    process.env.PATH = `${bin}:${path}`;
    try {
      await run({ sha: first });
    } finally {
      process.env.PATH = path;
    }
    const login = Buffer.from(`x-access-token:${TOKEN}`).toString('base64');
    const argv = readFileSync(record, 'utf8');
    rmSync(bin, { recursive: true });
    expect(argv).toContain('fetch\n');
    expect(argv).not.toContain(TOKEN);
    expect(argv).not.toContain(login);
    for (const file of readdirSync(directory, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())) {
      const text = readFileSync(join(file.parentPath, file.name), 'latin1');
      expect(text).not.toContain(TOKEN);
      expect(text).not.toContain(login);
      expect(text.toLowerCase()).not.toContain('extraheader');
    }
  });

  it('goes to the forge only, not where the forge sends us', async () => {
    const elsewhere = await startForge({ instead: (_, response) => response.writeHead(404).end() });
    const detour = await startForge({
      instead: (request, response) => response.writeHead(302, { location: `${elsewhere.url}${request.url}` }).end(),
    });
    try {
      await failure(run({ serverUrl: detour.url }));
      expect(detour.requests[0]?.authorization).toContain('Basic ');
      expect(elsewhere.requests.map((request) => request.authorization)).toEqual([undefined]);
    } finally {
      await elsewhere.close();
      await detour.close();
    }
  });

  it('that is wrong ends in one clear error, and nothing asks for another', async () => {
    const error = await failure(run({ token: 'wrong-token' }));
    expect(error).toMatchObject({
      kind: 'remote',
      message: 'Unable to check out owner/name at main: the forge refuses this login',
    });
    expect(JSON.stringify([error.message, error.remote])).not.toContain('wrong-token');
    expect((await failure(run({ token: '' }))).message).toContain('refuses this login');
  });
});

describe('what a repository must not make git do', () => {
  it('fetches no submodules and runs no hooks', async () => {
    const home = mkdtempSync(join(tmpdir(), 'home-'));
    const hooks = join(home, 'hooks');
    mkdirSync(hooks);
    writeFileSync(join(hooks, 'post-checkout'), `#!/bin/sh\ntouch '${home}/ran'\n`, { mode: 0o755 });
    writeFileSync(join(home, '.gitconfig'), `[core]\nhooksPath = ${hooks}\n[submodule]\nrecurse = true\n`);
    forge.work('checkout', '--quiet', '-b', 'sub', first);
    forge.write('.gitmodules', `[submodule "s"]\n\tpath = s\n\turl = ${forge.root}/owner/name.git\n`);
    forge.work('update-index', '--add', '--cacheinfo', `160000,${first},s`);
    forge.work('add', '.gitmodules');
    forge.work('commit', '--quiet', '-m', 'submodule');
    forge.work('push', '--quiet', 'origin', 'sub');
    const before = process.env.HOME;
    process.env.HOME = home;
    try {
      await run({ ref: 'sub' });
    } finally {
      process.env.HOME = before;
    }
    expect(existsSync(join(home, 'ran'))).toBe(false);
    expect(readdirSync(join(directory, 's'))).toEqual([]);
    rmSync(home, { recursive: true });
  });

  it('ends at the deadline and with the signal', async () => {
    const silent = await startForge({ instead: () => undefined });
    try {
      const error = await failure(run({ serverUrl: silent.url, timeoutMs: 1_000 }));
      expect(error.message).toBe('Unable to check out owner/name at main: git did not end within 1 s and was stopped');
      rmSync(directory, { recursive: true });
      const controller = new AbortController();
      const cancelled = failure(run({ serverUrl: silent.url, timeoutMs: 3_000, signal: controller.signal }));
      controller.abort();
      expect((await cancelled).message).toBe('Unable to finish the checkout: it was cancelled');
    } finally {
      await silent.close();
    }
  });
});
