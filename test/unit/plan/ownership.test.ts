import { describe, expect, it } from 'vitest';
import { formatDescription, parseDescription } from '../../../src/model/mark.ts';
import { ownershipOf, refusal } from '../../../src/plan/ownership.ts';
import { container, mark } from './samples.ts';

const IDENTITY = { site: 'home', owner: 'srv/apache', name: 'apache', stage: 'main' };
const describedBy = (description: string | undefined) => container({ description });

describe('ownership', () => {
  it.each([
    ['ours', formatDescription('notes', mark()), 'ours'],
    ['made by hand', 'web server of the old days\n', 'unmarked'],
    ['no description', undefined, 'unmarked'],
    ['a clone of ours', formatDescription('', mark({ vmid: 1041 })), 'copy'],
    ['of another repository', formatDescription('', mark({ owner: 'srv/other' })), 'other'],
    ['of another site', formatDescription('', mark({ site: 'office' })), 'other'],
    ['of another stage', formatDescription('', mark({ stage: 'develop' })), 'other'],
    ['of a newer version', '<!-- pve-gitops:2 {} -->', 'unreadable'],
    ['damaged', '<!-- pve-gitops:1 {"site": -->', 'unreadable'],
    ['two marks', `${formatDescription('', mark())}${formatDescription('', mark())}`, 'unreadable'],
  ])('%s', (_, description, kind) => {
    expect(ownershipOf(describedBy(description), IDENTITY).kind).toBe(kind);
  });

  it.each([
    ['unmarked', undefined, /somebody made it by hand/],
    ['copy', formatDescription('', mark({ vmid: 7 })), /was written for container 7/],
    ['other', formatDescription('', mark({ owner: 'srv/other' })), /belongs to srv\/other \(site home, stage main\)/],
  ])('a %s container is refused with its owner and the way to adopt it', (_, description, text) => {
    const ownership = ownershipOf(describedBy(description), IDENTITY);
    if (ownership.kind === 'ours') throw new Error('ours');
    const error = refusal(1042, 'pve', ownership);
    expect(error.kind).toBe('not-ours');
    expect(error.message).toMatch(text);
    expect(error.advice.join('\n')).toContain('pve-gitops adopt DIR --vmid 1042');
  });
});

describe('owner mark', () => {
  it('keeps the text of people, above the mark, through any number of rewrites', () => {
    let description = 'Web server\n\nAsk **Ann**.\n';
    for (let i = 0; i < 3; i += 1) {
      const { text } = parseDescription(description);
      expect(text).toBe('Web server\n\nAsk **Ann**.');
      description = formatDescription(text, mark({ commit: String(i) }));
    }
    expect(parseDescription(description).mark?.commit).toBe('2');
  });

  it('survives values that would end an HTML comment', () => {
    const evil = mark({ name: 'a --> b', owner: '--' });
    expect(parseDescription(formatDescription('', evil)).mark).toEqual(evil);
  });

  it('refuses a mark that is too long', () => {
    expect(() => formatDescription('', mark({ bad: 'x'.repeat(4000) }))).toThrow(RangeError);
  });
});
