import { describe, expect, it } from 'vitest';
import { type JsonMember, type JsonNode, JsonSyntaxError, readJson } from '../../../src/settings/json.ts';

function plain(node: JsonNode): unknown {
  if (node.value instanceof Map) {
    const members = node.value as ReadonlyMap<string, JsonMember>;
    return Object.fromEntries([...members].map(([key, member]) => [key, plain(member.node)]));
  }
  return Array.isArray(node.value) ? node.value.map(plain) : node.value;
}

describe('readJson', () => {
  it.each([
    '{}',
    '[]',
    ' { "a" : [ 1 , -2.5e3 , true , false , null ] , "b" : { "c" : "d" } } ',
    '{"\\u00e9\\n\\"\\\\":"ü"}',
    '"text"',
    '\t[\r\n[]\r\n]\n',
  ])('reads what JSON.parse reads: %s', (text) => {
    expect(plain(readJson(text))).toEqual(JSON.parse(text));
  });

  it('takes a byte order mark', () => {
    expect(plain(readJson('\uFEFF{"a":1}'))).toEqual({ a: 1 });
  });

  it('knows where each key and value is', () => {
    const root = readJson('{\n  "a": 1,\n  "b": {\n    "c": "x"\n  }\n}').value as ReadonlyMap<string, JsonMember>;
    const b = root.get('b');
    const c = (b?.node.value as ReadonlyMap<string, JsonMember> | undefined)?.get('c');
    expect([b?.line, b?.column, b?.node.column]).toEqual([3, 3, 8]);
    expect([c?.line, c?.column, c?.node.column]).toEqual([4, 5, 10]);
  });

  it.each([
    ['{', 1, 2, 'a key in double quotes'],
    ['{"a" 1}', 1, 6, 'a colon'],
    ['{"a": 1\n "b": 2}', 2, 2, 'a comma or a closing brace'],
    ['{"a": 1,\n}', 2, 1, 'a comma too many'],
    ["{'a': 1}", 1, 2, 'double quotes'],
    ['[1 2]', 1, 4, 'closing bracket'],
    ['{"a": yes}', 1, 7, 'expected a value'],
    ['{"a": 01}', 1, 8, 'a comma or a closing brace'],
    ['{"a": "b}', 1, 7, 'not closed'],
    ['{"a": "b\n"}', 1, 7, 'not closed'],
    ['{"a": "\\x"}', 1, 7, 'backslash'],
    ['{} {}', 1, 4, 'nothing may follow'],
    ['{"a": 1,\n "a": 2}', 2, 2, 'twice, first on line 1'],
    [`${'['.repeat(40)}`, 1, 18, 'too deeply'],
    [`${'{"a":'.repeat(40)}`, 1, 86, 'too deeply'],
    ['', 1, 1, 'expected a value'],
  ])('refuses %j at %i:%i: %s', (text, line, column, message) => {
    expect(() => readJson(text)).toThrowError(JsonSyntaxError);
    expect(() => readJson(text)).toThrowError(message);
    expect(() => readJson(text)).toThrowError(expect.objectContaining({ line, column }) as Error);
  });
});
