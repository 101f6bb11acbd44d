import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { definitionFiles } from '../../../src/definition/files.ts';
import { read } from './read.ts';

const ROOT = new URL('../../..', import.meta.url).pathname;
const LIBS = join(ROOT, 'libs');

describe('the definitions of this repository', () => {
  it.each(readdirSync(LIBS))('%s can be read and has an engine', (name) => {
    const directory = join(LIBS, name);
    const there = definitionFiles('main').filter((file) => existsSync(join(directory, file)));
    const files = Object.fromEntries(there.map((file) => [file, readFileSync(join(directory, file))]));
    const definition = read(files, { names: readdirSync(directory) });
    expect(definition.engine).not.toBe('none');
    expect(definition.id?.value).toBeGreaterThan(0);
  });
});

/** Fenced blocks of the documentation in a language of definitions; workflows of forges are YAML too, and begin with `on:`. */
function examples(): { readonly place: string; readonly name: string; readonly text: string }[] {
  const pages = [
    join(ROOT, 'README.md'),
    ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(ROOT, 'docs', name)),
    ...readdirSync(LIBS).map((name) => join(LIBS, name, 'README.md')),
  ].filter((page) => existsSync(page));
  return pages.flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/^( *)```(dotenv|env|ya?ml)\n(.*?)^\1```/gms)].flatMap((match) => {
      const [all, indent = '', language = '', block = ''] = match;
      const text = block.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
      if (/^- hosts:/m.test(text)) return [];
      if (/^(?:on|name|jobs|inputs):/m.test(text) && !/^(?:cores|memory|volumes|interfaces):/m.test(text)) return [];
      // A playbook of Ansible.
      if (/^- hosts:/m.test(text)) return [];
      const line = (match.input.slice(0, match.index) + all.split('\n')[0]).split('\n').length;
      const name = language.endsWith('env') ? 'config.env' : 'container.yml';
      return [{ place: `${relative(ROOT, page)}:${line}`, name, text }];
    }),
  );
}

describe('the examples of the documentation', () => {
  const found = examples();

  it('are found', () => {
    expect(found.map(({ place }) => place.split(':')[0])).toEqual(
      expect.arrayContaining(['README.md', 'docs/definition.md']),
    );
  });

  it.each(found)('$place is a definition', ({ name, text }) => {
    const names = ['configure.sh', 'playbook.yml', 'recipes', 'recipes/default.rb'];
    expect(read({ [name]: text }, { names }).files).toEqual([name]);
  });
});
