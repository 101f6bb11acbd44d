import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { cookbookName, runCincEngine } from '../../../src/configure/cinc.ts';
import { CINC_SOURCE } from '../../../src/configure/cinc-install.ts';
import { readCincReport, tellFailure } from '../../../src/configure/cinc-report.ts';
import type { ConfigureInput } from '../../../src/configure/engine.ts';
import type { RemoteCommand, Shell } from '../../../src/model/ports.ts';

const SECRET = 'geheim $(id)';

async function* archive() {
  yield new TextEncoder().encode('tar');
}

const sum = (text: string) => createHash('sha256').update(text).digest('hex');
const line = (fields: object) => `pve-gitops: report ${JSON.stringify(fields)}`;

async function run(said: readonly string[], exitCode = 0, input: Partial<ConfigureInput> = {}) {
  let asked: RemoteCommand | undefined;
  let bytes = '';
  const shell: Shell = {
    async run(command) {
      asked = command;
      for await (const chunk of command.input as AsyncIterable<Uint8Array>) bytes += new TextDecoder().decode(chunk);
      for (const text of ['pve-gitops: stage cinc-client', ...said, `pve-gitops: ended ${exitCode}`])
        command.onLine?.(text, 'stderr');
      return { exitCode, stdout: '', stderr: '' };
    },
    close: () => Promise.resolve(),
  };
  const call = { timeoutMs: 600_000, signal: new AbortController().signal };
  const given = {
    vmid: 1042,
    name: 'apache',
    archive: archive(),
    environment: { KEY: SECRET },
    secretNames: ['KEY'],
    ...input,
  };
  const result = await runCincEngine(shell, given, call, () => undefined);
  return { result, argv: asked?.argv ?? [], bytes };
}

describe('runCincEngine', () => {
  it('installs and converges in one round trip; no secret is an argument, sums are', async () => {
    const { argv, bytes } = await run([line({ kind: 'end', total: 3 })]);
    const words = argv.slice(4);
    const stages = words.flatMap((word, at) => (word === 'always' ? [words[at - 1]] : []));
    expect(stages).toEqual(['cinc-install', 'cinc-client']);
    expect(words).toContain(`debian/13/amd64=${CINC_SOURCE.checksums['debian/13/amd64']}`);
    expect(words.at(-1)).toBe('apache');
    expect(argv.join(' ')).not.toContain('geheim');
    expect(bytes).toContain('PVE_GITOPS_SECRETS=PASSWORD KEY\0');
    expect(bytes).toContain('cookbooks/pve-gitops/libraries/env.rb\0');
    expect(bytes.endsWith('tar')).toBe(true);
  });

  it('hands the site’s variables over, and takes a mirror', async () => {
    const cinc = {
      version: '18.8.9',
      mirror: 'https://mirror.home/cinc',
      checksums: { 'debian/13/amd64': 'a'.repeat(64) },
    };
    const { argv, bytes } = await run([], 0, { variables: { COLOUR: 'blue' }, cinc });
    expect(bytes).toContain('variables.json\0{"COLOUR":"blue"}\0');
    expect(argv).toEqual(
      expect.arrayContaining(['18.8.9', 'https://mirror.home/cinc', `debian/13/amd64=${'a'.repeat(64)}`]),
    );
  });

  it('sums up what the resources came to', async () => {
    const updated = line({
      kind: 'updated',
      resource: 'package[apache2]',
      action: 'install',
      at: 'recipes/default.rb:1',
    });
    const { result } = await run([updated, line({ kind: 'end', total: 5, updated: 1, failed: 0 })]);
    expect(result).toEqual({
      summary: '1 of 5 resources updated',
      changed: ['package[apache2] install'],
      warnings: [],
    });
    expect((await run([line({ kind: 'end', total: 5 })])).result.summary).toBe(
      'nothing to do: 5 resources are as they should be',
    );
  });

  it('names the resource that failed and its line', async () => {
    const failed = {
      kind: 'failed',
      resource: 'service[apache2]',
      action: 'start',
      at: 'recipes/default.rb:9',
      error: 'no unit\nmore',
    };
    await expect(run([line(failed), line({ kind: 'end', total: 4 })], 1)).rejects.toMatchObject({
      kind: 'remote',
      message: 'Unable to configure container 1042: service[apache2] failed to start (recipes/default.rb:9): no unit',
    });
    await expect(run([], 1)).rejects.toThrow('cinc-client ended with exit code 1');
  });

  it('stores what arrived whole, and nothing that was masked on its way', async () => {
    const set = (key: string, value: string, of = value) => line({ kind: 'set', key, value, sha256: sum(of) });
    const { result } = await run([set('COLOUR', 'blue'), set('URL', 'mqtt://***', `mqtt://${SECRET}`)]);
    expect(result.variables).toEqual({ COLOUR: 'blue' });
    expect(result.warnings).toEqual([expect.stringContaining('variable URL holds a secret')]);
  });
});

describe('cookbookName', () => {
  it.each([
    ['apache', 'apache'],
    ['Home.Assistant', 'home-assistant'],
    ['7zip', 'container-7zip'],
    ['pve-gitops', 'container-pve-gitops'],
    [undefined, 'container'],
  ])('%s becomes %s', (name, cookbook) => {
    expect(cookbookName(name)).toBe(cookbook);
  });
});

describe('readCincReport', () => {
  it('leaves out what is none of ours', () => {
    expect(
      readCincReport(['', 'words', '[1]', 'null', '{"kind":"updated"}', '{"kind":"set","key":"A","value":1}']),
    ).toEqual({
      updated: [],
      variables: {},
    });
  });

  it('keeps the first failure: what it stands in fails with it', () => {
    const lines = ['one', 'two'].map((error) => JSON.stringify({ kind: 'failed', error }));
    expect(readCincReport(lines).failure).toEqual({ error: 'one' });
  });

  it('tells a recipe that could not be read', () => {
    expect(tellFailure({ at: 'recipes/default.rb:2', error: 'SyntaxError: no' })).toBe(
      'the recipe failed (recipes/default.rb:2): SyntaxError: no',
    );
  });
});
