import { describe, expect, it } from 'vitest';
import { parseBody, parseForm } from '../../../../local/node/http/parameters.ts';

const json = (text: string) => parseBody('application/json; charset=utf-8', Buffer.from(text));

describe('parameters of a request', () => {
  it('are texts, whatever JSON says', () => {
    expect(json('{"a":1,"b":true,"c":null,"d":["x",2],"e":{"f":1},"g":1.5}')).toEqual({
      a: '1',
      b: '1',
      c: null,
      d: ['x', '2'],
      e: { hash: true },
      g: '1.5',
    });
  });

  it('become a list when a form says them twice', () => {
    expect(parseForm('a=1&b=%C3%A4+x&a=2')).toEqual({ a: ['1', '2'], b: 'ä x' });
  });

  it('are none in an empty body, of whatever type', () => {
    expect(parseBody('text/plain', Buffer.alloc(0))).toEqual({});
    expect(() => parseBody('text/plain', Buffer.from('a=1'))).toThrow(
      "upload 'Content-Type 'text/plain' not implemented",
    );
  });
});
