import { describe, expect, it } from 'vitest';
import { cardLines, isCardLine } from '../../../src/model/card.ts';
import { formatDescription, MARK_LIMIT, type Mark, parseDescription } from '../../../src/model/mark.ts';

const COMMIT = 'c0ffee'.repeat(6).padEnd(40, '0');
const MARK: Mark = {
  site: 'home',
  owner: 'srv/apache',
  name: 'apache',
  stage: 'main',
  vmid: 1042,
  role: 'live',
  commit: COMMIT,
  good: { commit: COMMIT, at: '2026-11-21T15:04:05.000Z' },
  applied: {},
  hostKeys: [],
  links: { repository: 'http://forge:8080/srv/apache', run: 'http://forge:8080/srv/apache/actions/runs/7' },
};

describe('the card above the mark', () => {
  it('links repository, commit, run and the way back', () => {
    const [state = '', ways = ''] = cardLines(MARK);
    expect(state).toContain('**[srv/apache](http://forge:8080/srv/apache)**');
    expect(state).toContain(`[\`${COMMIT.slice(0, 12)}\`](http://forge:8080/srv/apache/commit/${COMMIT})`);
    expect(state).toContain('good since 2026-11-21 15:04 UTC');
    expect(ways).toContain('[last run](http://forge:8080/srv/apache/actions/runs/7)');
    expect(ways).toContain('[roll back](http://forge:8080/srv/apache/actions?workflow=container.yml)');
  });

  it('begins no line with a comment, which would keep the GUI from rendering it', () => {
    for (const line of cardLines(MARK)) expect(line).toMatch(/^[^<].* {2}<!-- pve-gitops -->$/);
  });

  it.each(['javascript:alert(1)', 'http://user:password@forge/', 'nothing'])('links nothing to %s', (repository) => {
    const lines = cardLines({ ...MARK, links: { repository } });
    expect(lines.join('\n')).not.toContain('](');
  });

  it('is told from the text of the user, in the form of earlier versions too', () => {
    const text = 'My web server\n\n<!-- a comment of mine -->';
    const description = formatDescription(text, MARK);
    expect(parseDescription(description)).toEqual({ text, mark: MARK });
    const old = description.replace(/^.*<!-- pve-gitops -->$/gm, '<!-- pve-gitops --> **srv/apache**, stage main');
    expect(parseDescription(old).text).toBe(text);
    expect(isCardLine('My server <!-- pve-gitops:1 {} -->')).toBe(false);
  });

  it('gives up its links before the mark exceeds its limit', () => {
    const size = Buffer.byteLength(formatDescription('', MARK).split('\n').at(-2) ?? '');
    const full: Mark = { ...MARK, hostKeys: ['k'.repeat(MARK_LIMIT - size + 20)] };
    expect(parseDescription(formatDescription('', full)).mark?.links).toBeUndefined();
  });
});
