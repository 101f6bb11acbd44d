import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../../src/model/errors.ts';
import { judge, SITES } from '../../fuzz/judge.ts';

/** What keys of different fields and files say of each other: found where a definition is resolved, told with the same places. */
function refused(files: Readonly<Record<string, string>>): readonly string[] {
  const bytes = Object.entries(files).map(([name, text]) => [name, new TextEncoder().encode(text)] as const);
  const verdict = judge(Object.fromEntries(bytes), Object.keys(files), SITES[0] ?? expect.fail());
  return verdict.kind === 'refused' && verdict.by === 'resolve' ? verdict.problems.map(formatProblem) : [verdict.kind];
}

describe('a definition that is read and cannot be resolved', () => {
  it.each([
    ['gateway6: fe80::1', '1: gateway6: has no use without'],
    ['ip6: auto\ngateway6: fe80::1', '2: gateway6: has no use with auto'],
    ['volumes:\n  a:\n    path: /a\n    size: 1\nmount: /x:/a/\n', '3: volumes.a.path: mounts /a, as mount does'],
    ['devices: [/dev/a]\nmount: /dev/a', '1: devices: names /dev/a, as mount does'],
    [
      'interfaces:\n  - ip: 10.0.0.1/24\n    gateway: 10.1.0.2\n',
      '3: interfaces[0].gateway: 10.1.0.2 is not in the network',
    ],
    ['interfaces:\n  - ip: 10.0.0.0/24\n', '2: interfaces[0].ip: 10.0.0.0/24 is the network address'],
  ])('%j', (text, message) => {
    const problems = refused({ 'container.yml': text });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`container.yml:${message}`);
  });

  it('a volume where the share is', () => {
    const text = 'volumes: {a: {path: /share, size: 1}}\nmount: share\n';
    const problems = refused({ 'container.yml': text, 'configure.sh': 'true\n' });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('container.yml:1: volumes.a.path: mounts /share, as mount does');
  });

  it('is told of the file that says it', () => {
    const files = { 'container.yml': 'mount: /x:/a', 'container.develop.yml': '\nvolumes: {a: {path: /a, size: 1}}' };
    expect(refused(files)).toEqual([
      'container.develop.yml:2: volumes.a.path: mounts /a, as mount does; give each its own path',
    ]);
  });
});
