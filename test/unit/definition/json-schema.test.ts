import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { fieldNames, fields } from '../../../src/definition/fields.ts';
import { definitionSchema, type SchemaNode } from '../../../src/definition/json-schema.ts';
import { problemsOf, read } from './read.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const EXAMPLE = readFileSync(join(ROOT, 'docs', 'example', 'container.yml'), 'utf8');
const names = readdirSync(join(ROOT, 'docs', 'example'));

/** All maps of a schema, with their way. */
function objects(node: unknown, way = ''): (readonly [string, SchemaNode])[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = 'properties' in node ? [[way, node as SchemaNode] as const] : [];
  return [...own, ...Object.entries(node).flatMap(([key, child]) => objects(child, `${way}/${key}`))];
}

describe('the example of the documentation', () => {
  it('is a definition without a problem that has every key', () => {
    const definition = read({ 'container.yml': EXAMPLE }, { names });
    const short = ['vmid', 'ip', 'gateway', 'ip6', 'gateway6', 'bridge', 'vlan', 'nesting'];
    const missing = fieldNames.filter((name) => definition[name] === undefined);
    expect(missing.toSorted()).toEqual(short.toSorted());
    expect(definition.engine).toBe('shell');
  });

  it('has every key within keys', () => {
    const unwritten = fieldNames.flatMap((name) => {
      const { yaml, shape } = fields[name];
      return Object.keys(shape?.parts ?? {})
        .filter((key) => !new RegExp(`\\b${key}:`).test(EXAMPLE))
        .map((key) => `${yaml}.${key}`);
    });
    expect(unwritten).toEqual([]);
  });

  it('mounts a volume within another one after it, whatever the order of the lines', () => {
    const text = 'volumes:\n  b: {path: /srv/a/b, size: 1}\n  x: delete\n  a: {path: /srv/a/, size: 1}\n';
    expect(Object.keys(read({ 'container.yml': text }).volumes?.value ?? {})).toEqual(['x', 'a', 'b']);
    const { data, uploads, reference } = read({ 'container.yml': EXAMPLE }, { names }).volumes?.value ?? {};
    expect(data).toEqual({
      kind: 'keep',
      path: '/srv/data',
      storage: 'local-lvm',
      size: 32,
      options: ['noatime', 'nodev'],
      acl: true,
    });
    expect(uploads).toMatchObject({ storage: 'tank', size: 100, backup: false, replicate: false });
    expect(reference).toEqual({ kind: 'keep', path: '/srv/reference', size: 4, readOnly: true, quota: false });
  });
});

describe('the JSON Schema', () => {
  const schema = definitionSchema();

  it('says what it is, and is tied to no host', () => {
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(schema.$id).toMatch(/^urn:/);
    expect(schema.title).toBeTruthy();
  });

  it('has every key with a description, on the top level and within', () => {
    expect(Object.keys(schema.properties ?? {})).toEqual(fieldNames.map((name) => fields[name].yaml));
    const silent = objects(schema).flatMap(([way, { properties = {} }]) =>
      Object.entries(properties)
        .filter(([, { description = '' }]) => !/^\S.*\nAccepted: .*\nDefault: /s.test(description))
        .map(([key]) => `${way}/${key}`),
    );
    expect(silent).toEqual([]);
  });

  it('knows no other keys anywhere', () => {
    const found = objects(schema);
    expect(found.length).toBeGreaterThan(8);
    expect(found.filter(([, { additionalProperties }]) => additionalProperties !== false)).toEqual([]);
  });

  it('has units and defaults', () => {
    expect(schema.properties?.memory).toMatchObject({ default: 512, minimum: 16 });
    expect(schema.properties?.memory?.description).toContain('(MiB)');
    expect(schema.properties?.boot).toMatchObject({ default: 'yes' });
    expect(schema.properties?.engine).toMatchObject({ default: 'auto' });
    expect(schema.properties?.hostname).not.toHaveProperty('default');
  });

  it('takes a default wherever it names one', () => {
    for (const [way, { properties = {} }] of objects(schema)) {
      for (const [key, node] of Object.entries(properties)) {
        if (!('default' in node)) continue;
        const { default: value, ...rest } = node;
        expect(z.fromJSONSchema(rest as never).safeParse(value).success, `${way}/${key}`).toBe(true);
      }
    }
  });

  // The `not` of key pairs aside: this reader of schemas does not know `required` without properties.
  const { allOf, $id: _, ...plain } = schema;
  const reader = z.fromJSONSchema(plain as never);

  it('takes the example', () => {
    expect(reader.safeParse(parse(EXAMPLE)).error).toBeUndefined();
  });

  it.each([
    'interfaces: [{adress: dhcp}]',
    'interfaces: [{vlan: 4095}]',
    'volumes: {Data: delete}',
    'volumes: {data: {size: 1}}',
    'volumes: {data: {path: /proc/x, size: 1}}',
    'devices: [/etc/passwd]',
    'features: {nestin: yes}',
    'startup: {order: first}',
    'secrets: [lower]',
    'cpu_units: 7',
    'engine: chef',
  ])('and the parser refuse %s', (text) => {
    expect(reader.safeParse(parse(text)).success).toBe(false);
    expect(problemsOf({ 'container.yml': text })).toHaveLength(1);
  });

  it('refuses keys beside each other that exclude each other', () => {
    expect(allOf).toContainEqual({ not: { required: ['id', 'vmid'] } });
    expect(allOf).toContainEqual({ not: { required: ['vlan', 'interfaces'] } });
  });
});
