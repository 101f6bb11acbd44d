import { describe, expect, it } from 'vitest';
import { parseBody, parseForm } from '../../../../local/node/http/parameters.ts';

const json = (text: string) => parseBody('application/json; charset=utf-8', Buffer.from(text));

describe('parameters of a request', () => {
  it('are texts, whatever JSON says, but for its booleans, which only a boolean parameter takes', () => {
    expect(json('{"a":1,"b":true,"c":null,"d":["x",2],"e":{"f":1},"g":1.5}')).toEqual({
      a: '1',
      b: { boolean: true },
      c: null,
      d: ['x', '2'],
      e: { hash: true },
      g: '1.5',
    });
  });

  it('become a list when a form says them twice', () => {
    expect(parseForm('a=1&b=%C3%A4+x&a=2')).toEqual({ a: ['1', '2'], b: 'ä x' });
  });

  it('are split as Perl does it: at semicolons too, and a value ends at a second equals sign', () => {
    expect(parseForm('a=1;b=2&c=x=y&d&=z')).toEqual({ a: '1', b: '2', c: 'x', d: null });
  });

  it('are bytes of UTF-8, written or with %XX', () => {
    expect(parseForm('a=%E4%B8%AD&b=%2B%20')).toEqual({ a: '中', b: '+ ' });
  });

  it('are none in an empty body, of whatever type', () => {
    expect(parseBody('text/plain', Buffer.alloc(0))).toEqual({});
    expect(() => parseBody('text/plain', Buffer.from('a=1'))).toThrow(
      "upload 'Content-Type 'text/plain' not implemented",
    );
  });
});
