import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { definitionFiles } from '../../../src/definition/files.ts';
import { decodeDesired, encodeDesired } from '../../../src/desired/json.ts';
import { resolve } from '../../../src/desired/resolve.ts';
import type { EngineName } from '../../../src/model/definition.ts';
import { resolveSettings } from '../../../src/settings/resolve.ts';
import { read } from '../definition/read.ts';

const LIBS = new URL('../../../libs', import.meta.url).pathname;

/** As a new site has them. */
const { settings } = resolveSettings(
  { flags: {}, environment: {}, files: [] },
  { stateDirectory: '/state', read: () => undefined, connectionOptional: true },
);

function desiredOf(name: string) {
  const directory = join(LIBS, name);
  const there = definitionFiles('main').filter((file) => existsSync(join(directory, file)));
  const files = Object.fromEntries(there.map((file) => [file, readFileSync(join(directory, file))]));
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return resolve(read(files, { names }), settings, {
    name,
    owner: `srv/${name}`,
    stage: 'main',
    commit: 'c'.repeat(40),
  });
}

const WANTED: readonly (readonly [string, EngineName, number, readonly string[]])[] = [
  ['apache', 'shell', 1042, []],
  ['broker', 'shell', 1043, []],
  ['cache', 'shell', 1046, ['packages']],
  ['proxy', 'cinc', 1044, ['caddy']],
  ['resolver', 'ansible', 1047, []],
  ['share', 'cinc', 1045, ['share']],
];

describe('libs on a new site', () => {
  it.each(WANTED)('%s is configured by %s as container %i', (name, engine, vmid, volumes) => {
    const desired = desiredOf(name);
    expect(desired).toMatchObject({ engine, hostname: name, vmid: { vmid }, unprivileged: true });
    expect(desired.volumes.map((volume) => volume.name)).toEqual(volumes);
    expect(decodeDesired(encodeDesired(desired))).toEqual(desired);
  });

  it.each(WANTED)('%s says what must answer', (name) => {
    expect(desiredOf(name).health.length).toBeGreaterThan(1);
  });

  it('no two of them share a number or an address', () => {
    const all = readdirSync(LIBS).map(desiredOf);
    const addresses = all.map(({ interfaces: [net] }) => (net?.ipv4.kind === 'static' ? net.ipv4.address : net?.name));
    expect(new Set(addresses).size).toBe(all.length);
    expect(new Set(all.map(({ vmid }) => JSON.stringify(vmid))).size).toBe(all.length);
  });

  it('apache begins with the eight lines that every page shows', () => {
    const lines = readFileSync(join(LIBS, 'apache/config.env'), 'utf8').split('\n');
    expect(lines.slice(0, 8)).toEqual([
      'IP=192.168.178.42',
      'ID=42',
      'HOSTNAME=apache',
      'CORES=2',
      'MEMORY=2048',
      'SWAP=512',
      'DISK=local-lvm:8',
      'BOOT=yes',
    ]);
  });
});
