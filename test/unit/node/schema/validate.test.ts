import { describe, expect, it } from 'vitest';
import type { Value } from '../../../../local/node/http/parameters.ts';
import { loadSchema } from '../../../../local/node/schema/load.ts';
import { parsePropertyString, printPropertyString } from '../../../../local/node/schema/property-string.ts';
import type { Properties } from '../../../../local/node/schema/types.ts';
import { objectErrors, perlPattern, splitList } from '../../../../local/node/schema/validate.ts';

const SCHEMA = loadSchema('8.4');
const CREATE = SCHEMA.find((call) => call.method === 'POST' && call.path === '/nodes/{node}/lxc')?.parameters ?? {};
const formatOf = (name: string): Properties => {
  const format = CREATE[name]?.format;
  if (typeof format !== 'object') throw new Error(name);
  return format;
};

describe('parameters', () => {
  const good = { node: 'pve', vmid: '100', ostemplate: 'x' };
  it.each<[string, Value, string | undefined]>([
    ['onboot', '1', undefined],
    ['onboot', 'true', "type check ('boolean') failed - got 'true'"],
    ['cpulimit', '1.5', undefined],
    ['cpulimit', '8193', 'value must have a maximum value of 8192'],
    ['cores', '1.5', "type check ('integer') failed - got '1.5'"],
    ['memory', null, undefined],
    ['memory', ['1', '2'], "type check ('integer') failed - got ARRAY"],
    ['memory', { hash: true }, "type check ('integer') failed - got HASH"],
    ['tags', ['a', 'b'], undefined],
    ['timezone', 'Europe/Berlin', undefined],
    ['timezone', 'Europe/Nowhere', "invalid format - invalid time zone 'Europe/Nowhere'\n"],
    ['searchdomain', 'a.org b_c', 'invalid format - value does not look like a valid DNS name\n'],
    ['nameserver', '1.1.1.1 fe80::1%eth0', undefined],
    ['description', 'x'.repeat(8193), 'value may only be 8192 characters long'],
    [
      'lock',
      '',
      "value '' does not have a value in the enumeration 'backup, create, destroyed, disk, fstrim, migrate, mounted, rollback, snapshot, snapshot-delete'",
    ],
    ['net31', 'name=eth0', undefined],
    ['net0', 'bridge=vmbr0', 'invalid format - format error\nnet0.name: property is missing and it is not optional\n'],
  ])('%s = %j', (name, value, text) => {
    expect(objectErrors(CREATE, { ...good, [name]: value })).toEqual(text === undefined ? {} : { [name]: text });
  });

  it('are all named at once', () => {
    expect(Object.keys(objectErrors(CREATE, { cores: '0', foo: '1', unique: '1' })).sort()).toEqual(
      ['cores', 'foo', 'node', 'ostemplate', 'restore', 'vmid'].sort(),
    );
  });

  it('come as lists in Perl’s way', () => {
    expect(splitList(' a,b;c  d,')).toEqual(['a', 'b', 'c', 'd']);
    // with a NUL nothing else separates
    expect(splitList('a,b\0c')).toEqual(['a,b', 'c']);
    expect(splitList('')).toEqual([]);
  });
});

describe('property strings', () => {
  it('are printed with the default key first, then what must be there, then by name', () => {
    const values = parsePropertyString(
      formatOf('mp0'),
      'mp=/data,backup=yes,local:100/vm-100-disk-1.raw,size=1G,acl=0',
    );
    expect(values.backup).toBe('1');
    expect(printPropertyString(formatOf('mp0'), values)).toBe(
      'local:100/vm-100-disk-1.raw,mp=/data,acl=0,backup=1,size=1G',
    );
  });

  it.each([
    ['name=a,name=b', 'duplicate key in comma-separated list property: name'],
    ['name=', 'missing key in comma-separated list property'],
    ['eth0', 'value without key, but schema does not define a default key'],
  ])('net0=%s: %s', (text, message) => {
    expect(() => parsePropertyString(formatOf('net0'), text)).toThrow(message);
  });
});

describe('the schema', () => {
  it.each(['8.4', '9.1'] as const)('of %s has every indexed parameter written out, and good patterns', (release) => {
    const schema = loadSchema(release);
    const put = schema.find(({ method, path }) => method === 'PUT' && path === '/nodes/{node}/lxc/{vmid}/config');
    for (const name of ['net0', 'net31', 'mp255', 'unused255', 'dev255']) expect(put?.parameters).toHaveProperty(name);
    expect(put?.parameters).not.toHaveProperty('net32');
    const patterns = schema.flatMap(({ parameters }) => Object.values(parameters).map(({ pattern }) => pattern ?? ''));
    for (const pattern of patterns) expect(() => perlPattern(pattern)).not.toThrow();
  });

  it('knows what 9.1 added', () => {
    const keys = (release: '8.4' | '9.1') =>
      Object.keys(
        loadSchema(release).find((c) => c.method === 'POST' && c.path === '/nodes/{node}/lxc')?.parameters ?? {},
      );
    const before = new Set(keys('8.4'));
    expect(
      keys('9.1')
        .filter((key) => !before.has(key))
        .sort(),
    ).toEqual(expect.arrayContaining(['entrypoint', 'env']));
  });
});
