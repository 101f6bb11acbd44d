import { describe, expect, it } from 'vitest';
import { findSecrets, readSecrets, type SecretsInput } from '../../../src/configure/secrets.ts';
import type { Opened } from '../../../src/model/secret-keys.ts';

/** A sealed value that says itself how it opens. */
const sealed = (text: string): string => Buffer.from(`age-encryption.org/v1\n${text}`).toString('base64');

function input(
  names: readonly string[],
  files: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
): SecretsInput {
  return {
    names,
    stage: 'develop',
    directory: '/definition',
    source: {
      read: async (_, wanted) =>
        new Map(wanted.flatMap((name) => (files[name] === undefined ? [] : [[name, Buffer.from(files[name])]]))),
    },
    secrets: {
      value: (variable) => environment[variable],
      open: async (bytes): Promise<Opened> => {
        const said = Buffer.from(bytes).toString().split('\n')[1] ?? '';
        return said === 'no key' || said === 'other key' || said === 'damaged'
          ? { kind: said }
          : { kind: 'open', value: said };
      },
    },
  };
}

describe('secrets of a definition', () => {
  const file = `ONE=age:${sealed('one')}\nTWO=age:${sealed('two')}\n`;

  it('that names none: all of its secrets.env', async () => {
    expect(await readSecrets(input([], { 'secrets.env': file }))).toEqual({ ONE: 'one', TWO: 'two' });
    expect(await readSecrets(input([], {}))).toEqual({});
  });

  it('that names some: no others', async () => {
    expect(await readSecrets(input(['TWO'], { 'secrets.env': file }))).toEqual({ TWO: 'two' });
  });

  it('the forge’s go first, then those of the stage', async () => {
    const files = { 'secrets.env': file, 'secrets.develop.env': `TWO=age:${sealed('of develop')}` };
    expect(await readSecrets(input([], files, { SECRET_ONE: 'forge' }))).toEqual({ ONE: 'forge', TWO: 'of develop' });
  });

  it('with a value nowhere: all names, and both ways to give one', async () => {
    const failed = readSecrets(input(['ONE', 'THREE', 'FOUR'], { 'secrets.env': file }));
    await expect(failed).rejects.toMatchObject({
      message: 'Unable to configure: no value for THREE, FOUR',
      advice: [expect.stringContaining('secret set THREE'), expect.stringContaining('SECRET_THREE'), expect.anything()],
    });
  });

  it.each([
    ['no key', /secrets.env:2: ONE: cannot be read: this machine has no key/],
    ['other key', /secrets.env:2: ONE: cannot be read: it was encrypted for another key/],
    ['damaged', /secrets.env:2: ONE: cannot be read: it is damaged/],
  ])('%s: file, line and what to do', async (kind, reason) => {
    const files = { 'secrets.env': `# comment\nONE=age:${sealed(kind)}\n` };
    await expect(readSecrets(input([], files))).rejects.toThrow(reason);
    expect(await findSecrets(input([], files))).toMatchObject({ values: {}, unreadable: [{ key: 'ONE', line: 2 }] });
    // What the forge hands over needs no key.
    expect(await readSecrets(input([], files, { SECRET_ONE: 'forge' }))).toEqual({ ONE: 'forge' });
  });

  it('a value in the clear is refused, and not quoted', async () => {
    const failed = readSecrets(input([], { 'secrets.env': 'ONE=correct-horse' }));
    await expect(failed).rejects.toThrow(/secrets.env:1: ONE: is not encrypted/);
    await expect(failed).rejects.not.toThrow(/correct/);
  });
});
