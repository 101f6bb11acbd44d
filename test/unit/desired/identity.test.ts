import { describe, expect, it } from 'vitest';
import { identityOf, stageOf } from '../../../src/desired/identity.ts';

describe('whose a container is', () => {
  it.each([
    ['/home/ann/libs/apache', undefined, { name: 'apache', owner: 'srv/apache' }],
    ['/home/ann/libs/apache/', '', { name: 'apache', owner: 'srv/apache' }],
    ['/home/ann/checkout', 'home/my.app_2', { name: 'my.app_2', owner: 'home/my.app_2' }],
    ['/home/ann/checkout', 'srv/apache', { name: 'apache', owner: 'srv/apache' }],
  ])('of directory %s and repository %s', (directory, repository, identity) => {
    expect(identityOf(directory, repository)).toEqual(identity);
  });

  it.each([
    ['/', undefined, 'Unable to name the container of directory /', 'rename the directory'],
    [
      '/home/ann/my app',
      undefined,
      'Unable to name the container of directory /home/ann/my app',
      'rename the directory',
    ],
    [
      '/home/ann/a',
      'apache',
      'Unable to name the container of repository apache',
      'write owner/name, such as srv/apache',
    ],
    [
      '/home/ann/a',
      'a/b/c',
      'Unable to name the container of repository a/b/c',
      'write owner/name, such as srv/apache',
    ],
    ['/home/ann/a', 'a/--> <b>', 'Unable to name the container of repository', 'write owner/name, such as srv/apache'],
    ['/home/ann/a', 'a/..', 'Unable to name the container of repository', 'write owner/name, such as srv/apache'],
  ])('of directory %s and repository %s is an error', (directory, repository, message, advice) => {
    const name = () => identityOf(directory, repository);
    expect(name).toThrowError(message);
    expect(name).toThrowError(expect.objectContaining({ kind: 'user', advice: [advice] }) as Error);
  });
});

describe('the stage', () => {
  it.each([
    ['test', 'develop', undefined, 'test'],
    ['', 'develop', undefined, 'develop'],
    [undefined, 'develop', 'local', 'develop'],
    [undefined, 'release', 'local', 'main'],
    [undefined, 'main', undefined, 'main'],
    [undefined, undefined, 'local', 'local'],
    [undefined, '', '', 'main'],
    [undefined, undefined, undefined, 'main'],
  ])('of input %s, branch %s, setting %s is %s', (input, branch, setting, stage) => {
    expect(stageOf(input, branch, setting)).toBe(stage);
  });

  it.each(['Main', '../x', 'a b', '-a', 'a-', '1', 'a'.repeat(21)])(
    'is never %j, which would name a file or a host',
    (input) => {
      expect(() => stageOf(input, undefined)).toThrowError(`Unable to use stage ${JSON.stringify(input)}`);
      expect(() => stageOf(input, undefined)).toThrowError(expect.objectContaining({ kind: 'user' }) as Error);
    },
  );
});
