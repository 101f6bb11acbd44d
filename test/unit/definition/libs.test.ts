import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { definitionFiles } from '../../../src/definition/files.ts';
import { read } from './read.ts';

const LIBS = new URL('../../../libs', import.meta.url).pathname;

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
