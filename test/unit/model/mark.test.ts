import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDescription, MARK_LIMIT, type Mark, parseDescription } from '../../../src/model/mark.ts';

const MARK: Mark = {
  site: 'home',
  owner: 'srv/apache',
  name: 'apache',
  stage: 'main',
  vmid: 1042,
  role: 'live',
  commit: 'c0ffee'.repeat(6),
  applied: { desired: 'a', baseline: 'b' },
  hostKeys: ['SHA256:abc'],
  lease: { run: 'run-1', until: '2026-11-21T10:00:00Z', by: 'me@host' },
};
const LINE = `<!-- pve-gitops:1 ${JSON.stringify(MARK)} -->`;

describe('the owner mark in a description', () => {
  it('stands after the text of the user and a line for people', () => {
    const description = formatDescription('My web server\n\nCall me.', MARK);
    expect(description.split('\n')).toEqual([
      'My web server',
      '',
      'Call me.',
      '',
      '**srv/apache** at `c0ffeec0ffee`, stage main, kept by pve-gitops: change it in git.  <!-- pve-gitops -->',
      LINE,
      '',
    ]);
    expect(parseDescription(description)).toEqual({ text: 'My web server\n\nCall me.', mark: MARK });
  });

  it('comes back, whatever people and marks say', () => {
    const word = fc.string({ unit: 'grapheme', maxLength: 40 });
    const property = fc.property(fc.array(word), word, word, (lines, owner, by) => {
      const text = lines.join('\n').replace(/\s+$/, '');
      fc.pre(!text.includes('<!-- pve-gitops'));
      const mark: Mark = { ...MARK, owner, lease: { run: '--> <!--', until: '--', by } };
      const description = formatDescription(text, mark);
      expect(parseDescription(description)).toEqual({ text, mark });
      expect(formatDescription(text, mark)).toBe(formatDescription(parseDescription(description).text, mark));
      expect(description.split('\n').at(-2)?.slice(4, -3)).not.toContain('--');
    });
    fc.assert(property, { numRuns: 500 });
  });

  it.each([
    ['nothing', undefined, { text: '' }],
    ['the text of a user alone', 'mine\n', { text: 'mine' }],
    ['a mark with Windows line ends', `mine\r\n${LINE}\r\n`, { text: 'mine', mark: MARK }],
    ['a mark that is indented', `  ${LINE}`, { text: '', mark: MARK }],
    ['a comment that is not ours', '<!-- pve-gitops:x {} -->', { text: '<!-- pve-gitops:x {} -->' }],
  ])('is read: %s', (_, description, parsed) => {
    expect(parseDescription(description)).toEqual(parsed);
  });

  it.each([
    ['of a newer version', LINE.replace(':1 ', ':2 ')],
    ['that is cut', LINE.replace('"}', '')],
    ['that is no object', '<!-- pve-gitops:1 null -->'],
    ['without an owner', LINE.replace('"owner"', '"0wner"')],
    ['whose vmid is a text', LINE.replace('1042', '"1042"')],
    ['beside a second one', `${LINE}\n${LINE}`],
  ])('is never ours %s', (_, lines) => {
    const { mark, unreadable } = parseDescription(`mine\n${lines}\n`);
    expect(mark).toBeUndefined();
    expect(unreadable).toMatch(/^<!-- pve-gitops:\d /);
  });

  it('mends what an older version left out', () => {
    const { applied: _, hostKeys: __, ...rest } = MARK;
    const line = `<!-- pve-gitops:1 ${JSON.stringify({ ...rest, hostKeys: ['SHA256:abc', 7] })} -->`;
    expect(parseDescription(line).mark).toEqual({ ...rest, applied: {}, hostKeys: ['SHA256:abc'] });
  });

  it('is read with line separators that JSON does not escape', () => {
    const mark: Mark = { ...MARK, owner: 'a\u2028b\u2029c' };
    expect(parseDescription(formatDescription('', mark)).mark).toEqual(mark);
  });

  it('is at most 3 KiB, in bytes', () => {
    const sized = (by: string): Mark => ({ ...MARK, lease: { run: 'r', until: 'u', by } });
    const empty = Buffer.byteLength(`<!-- pve-gitops:1 ${JSON.stringify(sized(''))} -->`);
    expect(formatDescription('', sized('x'.repeat(MARK_LIMIT - empty)))).toContain('xxx');
    expect(() => formatDescription('', sized('x'.repeat(MARK_LIMIT - empty + 1)))).toThrowError(RangeError);
    expect(() => formatDescription('', sized('ü'.repeat(MARK_LIMIT - empty)))).toThrowError(RangeError);
  });
});
