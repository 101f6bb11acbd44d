import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLines } from '../../../../src/adapters/process/lines.ts';
import { createMask } from '../../../../src/adapters/process/mask.ts';
import { printable } from '../../../../src/adapters/process/printable.ts';
import { createTail } from '../../../../src/adapters/process/tail.ts';

describe('createMask', () => {
  it('masks every line of at least four characters, and tells each once', () => {
    const told: string[] = [];
    const mask = createMask((line) => told.push(line));
    mask.mask('-----BEGIN-----\r\nMIIabcdef\n}\n  indented  \n');
    mask.mask('MIIabcdef');
    expect(told).toEqual(['-----BEGIN-----', 'MIIabcdef', 'indented']);
    expect(mask.apply('x MIIabcdef y indented } z')).toBe('x *** y *** } z');
  });

  it('leaves short values and texts without secrets alone', () => {
    const mask = createMask();
    mask.mask('abc');
    mask.mask('');
    expect(mask.apply('abc')).toBe('abc');
    expect(mask.longest()).toBe(0);
  });

  it.each([
    ['URL', (secret: string) => `https://h/?p=${encodeURIComponent(secret)}`],
    ['lower-case URL', (secret: string) => encodeURIComponent(secret).replace(/%../g, (hex) => hex.toLowerCase())],
    ['JSON', (secret: string) => JSON.stringify({ secret })],
    ['shell', (secret: string) => `'${secret.replaceAll("'", "'\\''")}'`],
    ['base64', (secret: string) => Buffer.from(secret).toString('base64')],
    ['base64 with newline', (secret: string) => Buffer.from(`${secret}\n`).toString('base64')],
    ['base64url', (secret: string) => Buffer.from(secret).toString('base64url')],
    ['basic authorization', (secret: string) => Buffer.from(`user:${secret}`).toString('base64')],
    ['another offset', (secret: string) => Buffer.from(`me:${secret}!`).toString('base64')],
  ])('hides the %s form', (_, encode) => {
    const secret = `pä"ss'w/o+rd ${'ü'.repeat(3)}?`;
    const mask = createMask();
    mask.mask(secret);
    const shown = mask.apply(encode(secret));
    expect(shown).toContain('***');
    expect(shown.replaceAll('***', '').length).toBeLessThan(encode(secret).length - secret.length + 8);
  });

  it('hides a long secret that base64 wraps', () => {
    const secret = Array.from({ length: 200 }, (_, n) => String.fromCharCode(33 + ((n * 7) % 90))).join('');
    const mask = createMask();
    mask.mask(secret);
    const wrapped =
      Buffer.from(secret)
        .toString('base64')
        .match(/.{1,76}/g) ?? [];
    for (const line of wrapped.slice(0, -1)) expect(mask.apply(line)).toBe('***');
  });

  it('merges overlapping secrets', () => {
    const mask = createMask();
    mask.mask('abcdef');
    mask.mask('defghi');
    expect(mask.apply('<abcdefghi>')).toBe('<***>');
  });
});

describe('createLines', () => {
  it('shows no secret however its bytes arrive', () => {
    const secret = 'geh€im-9f8e7d';
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 20 }), fc.nat(5), (cuts, repeat) => {
        const mask = createMask();
        mask.mask(secret);
        const text = `a ${secret} b\n${`${secret}€\n`.repeat(repeat)}${secret}`;
        const bytes = Buffer.from(text);
        const lines: string[] = [];
        let whole = '';
        const reader = createLines({ mask, onLine: (line) => lines.push(line), onText: (part) => (whole += part) });
        let at = 0;
        for (const cut of cuts) {
          reader.write(bytes.subarray(at, at + cut));
          at += cut;
        }
        reader.write(bytes.subarray(at));
        reader.end();
        expect(whole).toBe(text.replaceAll(secret, '***'));
        expect(lines).toEqual(whole.split('\n'));
      }),
    );
  });

  it('passes on a line without end in pieces, and a secret at the cut stays hidden', () => {
    const mask = createMask();
    mask.mask('0123456789secret');
    for (const before of [65_530, 65_535, 65_540]) {
      let whole = '';
      const reader = createLines({ mask, onText: (part) => (whole += part) });
      reader.write(Buffer.from('x'.repeat(before)));
      reader.write(Buffer.from('0123456789'));
      expect(whole.length).toBeLessThan(before + 10);
      reader.write(Buffer.from('secret and more'));
      reader.end();
      expect(whole).toBe(`${'x'.repeat(before)}*** and more`);
    }
  });
});

describe('createTail', () => {
  it('is the end of what was added, never inside a character', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 50 }),
        (parts, max) => {
          const tail = createTail(max);
          for (const part of parts) tail.add(part);
          const whole = parts.join('');
          expect(whole.endsWith(tail.text())).toBe(true);
          expect(Buffer.byteLength(tail.text())).toBeLessThanOrEqual(max);
          expect(Buffer.byteLength(tail.text())).toBeGreaterThan(Math.min(max, Buffer.byteLength(whole)) - 4);
        },
      ),
    );
  });
});

describe('printable', () => {
  it('shows what would steer a terminal', () => {
    expect(printable('a\tb\nc\x1b[31m\x9b1m\r\x07\u202e\u2028ü€')).toBe(
      'a\tb\nc\\x1b[31m\\x9b1m\\x0d\\x07\\u{202e}\\u{2028}ü€',
    );
  });
});
