import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROUTES } from '../../../../local/node/api/routes.ts';
import { FORMATS } from '../../../../local/node/schema/formats.ts';
import { loadSchema } from '../../../../local/node/schema/load.ts';
import type { Properties } from '../../../../local/node/schema/types.ts';

/** The published descriptions lie beside the repository; they are too big to be in it. */
const ROOT = join(import.meta.dirname, '..', '..', '..', '..');
const DESCRIPTIONS = join(ROOT, '..', 'shared', 'proxmox');

type Fields = { readonly [key: string]: unknown };

interface Description {
  readonly path: string;
  readonly info?: Readonly<Record<string, Fields>>;
  readonly children?: readonly Description[];
}

/** What decides which values are taken; the rest of a description is for people. */
const CONSTRAINTS = [
  ...['type', 'format', 'optional', 'enum', 'pattern', 'minimum', 'maximum', 'minLength', 'maxLength', 'requires'],
  ...['alias', 'keyAlias', 'default_key', 'items'],
];
const COUNTS = new Set(['minimum', 'maximum', 'minLength', 'maxLength', 'optional', 'default_key']);

function constraintsOf(property: Fields): Fields {
  const pairs = CONSTRAINTS.filter((key) => property[key] !== undefined).map((key) => {
    const value = property[key];
    if (COUNTS.has(key)) return [key, Number(value)] as const;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [key, value] as const;
    if (key === 'items') return [key, constraintsOf(value as Fields)] as const;
    return [key, constraintsOfAll(value as Readonly<Record<string, Fields>>)] as const;
  });
  // required said in two ways
  return Object.fromEntries(pairs.filter(([key, value]) => key !== 'optional' || value === 1));
}

function constraintsOfAll(properties: Readonly<Record<string, Fields>>): Fields {
  return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, constraintsOf(property)]));
}

function callsOf(nodes: readonly Description[]): Map<string, Fields> {
  const result = new Map<string, Fields>();
  for (const { path, info = {}, children = [] } of nodes) {
    for (const [method, call] of Object.entries(info)) result.set(`${method} ${path}`, call);
    for (const [name, call] of callsOf(children)) result.set(name, call);
  }
  return result;
}

function committed(release: string): readonly Fields[] {
  const text = readFileSync(join(ROOT, 'local', 'node', 'schema', `pve-${release}.jsonl`), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Fields);
}

const RELEASES = ['8.4', '9.1'] as const;
const here = RELEASES.filter((release) => existsSync(join(DESCRIPTIONS, `api-${release}.json`)));
if (here.length < RELEASES.length) {
  console.log(
    `LEFT OUT: no API descriptions in ${DESCRIPTIONS}; the schema files are not compared to what Proxmox publishes`,
  );
}

describe.each(here)('the schema of %s', (release) => {
  const published = callsOf(
    JSON.parse(readFileSync(join(DESCRIPTIONS, `api-${release}.json`), 'utf8')) as readonly Description[],
  );

  it.each(committed(release).map((call) => ({ name: `${String(call.method)} ${String(call.path)}`, call })))(
    '$name is as published',
    ({ name, call }) => {
      const known = published.get(name);
      expect(known).toBeDefined();
      const parameters = (known?.parameters ?? {}) as { readonly properties?: Readonly<Record<string, Fields>> };
      expect(constraintsOfAll(call.parameters as Readonly<Record<string, Fields>>)).toEqual(
        constraintsOfAll(parameters.properties ?? {}),
      );
      const { description: _description, ...permissions } = (known?.permissions ?? {}) as Fields;
      expect(call.permissions ?? {}).toEqual(permissions);
      expect(call.allowtoken ?? 0).toBe(Number(known?.allowtoken ?? 0));
      expect(call.proxyto ?? null).toBe(known?.proxyto ?? null);
    },
  );
});

/** Formats that are checked by nobody here, and why that is no harm. */
const UNCHECKED: Readonly<Record<string, string>> = {
  'backup-fleecing': 'there is no fleecing',
  'backup-performance': 'there is nothing to tune',
  'prune-backups': 'backups are not pruned',
  'pve-acme-alias': 'certificates are not ordered',
  'pve-acme-domain': 'certificates are not ordered',
  'pve-command-batch': 'batches are not offered',
  'pve-dir-override': 'storages have their usual folders',
  'pve-storage-options': 'there are no mount options',
  'pve-storage-portal-dns': 'there is no iSCSI',
  'pve-storage-server': 'there is no network storage',
  'pve-storage-vgname': 'names of volume groups are not used',
  'storage-pair': 'a migration takes it apart itself',
};

function formatsOf(properties: Properties): readonly string[] {
  return Object.values(properties).flatMap(({ format }) => {
    if (format === undefined) return [];
    return typeof format === 'string' ? [format.replace(/-(?:list|opt)$/, '')] : formatsOf(format);
  });
}

describe.each(RELEASES)('the node of %s', (release) => {
  const schema = loadSchema(release);
  const covered = schema.filter(({ method, path }) => ROUTES[`${method} ${path}`] !== undefined);

  it('serves calls of the schema only, and says which it leaves out', () => {
    const names = new Set(schema.map(({ method, path }) => `${method} ${path}`));
    expect(Object.keys(ROUTES).filter((name) => !names.has(name))).toEqual([]);
    expect(covered.length).toBeGreaterThan(90);
  });

  it('checks every format of the parameters it takes, or has a reason', () => {
    const used = new Set(covered.flatMap(({ parameters }) => formatsOf(parameters)));
    const unchecked = [...used].filter((format) => FORMATS[format] === undefined).sort();
    expect(unchecked.filter((format) => UNCHECKED[format] === undefined)).toEqual([]);
  });
});
