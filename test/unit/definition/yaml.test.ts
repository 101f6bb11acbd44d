import { describe, expect, it } from 'vitest';
import { fieldNames } from '../../../src/definition/fields.ts';
import { formatProblem } from '../../../src/model/errors.ts';
import { problemsOf, read } from './read.ts';

describe('container.yml', () => {
  it('has every key in its own type', () => {
    const text = `# apache
state: present
vmid: 142
hostname: apache
ip: 192.168.178.42/24
gateway: 192.168.178.1
bridge: vmbr1
cores: 2
memory: 2048
swap: 0
disk: local-lvm:8
boot: yes
mount: [share, "/mnt/data:/data"]
template: debian-12
unprivileged: true
nesting: false
health:
  - unit: apache2
  - tcp: 80
  - http: http://:80/
    status: 200
    contains: Hello
  - command: test -e /ready
`;
    const definition = read({ 'container.yml': text });
    const values = Object.fromEntries(fieldNames.map((name) => [name, definition[name]?.value]));
    expect(values).toEqual({
      state: 'present',
      id: undefined,
      vmid: 142,
      hostname: 'apache',
      ip: '192.168.178.42/24',
      gateway: '192.168.178.1',
      bridge: 'vmbr1',
      cores: 2,
      memory: 2048,
      swap: 0,
      disk: { storage: 'local-lvm', size: 8 },
      boot: true,
      mounts: [{ kind: 'share' }, { kind: 'bind', host: '/mnt/data', path: '/data' }],
      template: 'debian-12',
      unprivileged: true,
      nesting: false,
      health: [
        { kind: 'unit', unit: 'apache2' },
        { kind: 'tcp', port: 80 },
        { kind: 'http', url: 'http://:80/', status: 200, contains: 'Hello' },
        { kind: 'command', command: 'test -e /ready' },
      ],
    });
    expect(definition.health).toMatchObject({ file: 'container.yml', line: 17, key: 'health' });
    expect(definition.mounts).toMatchObject({ line: 13, key: 'mount' });
  });

  it.each(['', '# nothing yet\n', '---\n', '{}'])('may be empty: %j', (text) => {
    expect(read({ 'container.yml': text })).toEqual({
      directory: '/srv/apache',
      files: ['container.yml'],
      engine: 'none',
    });
  });

  it.each([100, 999_999_999])('takes vmid %i', (vmid) => {
    expect(read({ 'container.yml': `vmid: ${vmid}` }).vmid?.value).toBe(vmid);
  });

  it('takes a command of one letter', () => {
    expect(read({ 'container.yml': 'health: [command: w]' }).health?.value).toEqual([
      { kind: 'command', command: 'w' },
    ]);
  });

  it('takes one mount without a list', () => {
    expect(read({ 'container.yml': 'mount: share' }).mounts?.value).toEqual([{ kind: 'share' }]);
  });

  it.each([
    ['IP: 10.0.0.1', 'container.yml:1:1: IP: is not a key; write ip'],
    ['mounts: []', 'container.yml:1:1: mounts: is not a key; did you mean mount?'],
    ['<<: {a: 1}', 'container.yml:1:1: <<: is not a key'],
    ['1: 2', 'container.yml:1:1: 1: is not a key'],
    ['? [a]\n: 1', 'container.yml:1:3: expected a plain key'],
    ['volumes: {{a: 1}: x}', 'container.yml:1:11: expected a plain key'],
    ['volumes: {: x}', 'container.yml:1:11: expected a plain key'],
    ['cores: "2"', 'container.yml:1:8: cores: expected a whole number from 1 to 8192, not "2"; remove the quotes'],
    ['cores:', 'container.yml:1:7: cores: expected a whole number from 1 to 8192, not null'],
    [
      'memory: 2G',
      'container.yml:1:9: memory: expected MiB as a whole number from 16, such as 2048, not "2G"; write 2048',
    ],
    ['boot: maybe', 'container.yml:1:7: boot: expected yes or no, not "maybe"'],
    ['cores: 2\ncores: 3', 'container.yml:2:1: map keys must be unique'],
    [
      'hostname: $(touch x)',
      'container.yml:1:11: hostname: expected a host name of letters, digits and hyphens, not "$(touch x)"; nothing is evaluated here: write the value itself',
    ],
    [
      'health:\n  - unit: apache2\n  - tcp: x\n',
      'container.yml:3:10: health[1].tcp: expected a port from 1 to 65535, not "x"',
    ],
    [
      'health:\n  - unit: apache2\n    colour: red\n',
      'container.yml:3:5: health[0].colour: is not a key of health[0]; known keys: unit, tcp',
    ],
    ['health: []', 'container.yml:1:9: health: expected checks such as'],
    ['health: [command: ""]', 'health[0].command: expected a command'],
    ['mount: [share, nothing]', 'container.yml:1:16: mount[1]: expected share'],
    ['ip: !secret x', 'container.yml:1:5: unresolved tag: !secret'],
    ['ip: !!str dhcp', 'container.yml:1:11: tags are not read; remove tag:yaml.org,2002:str'],
    ['ip: &a dhcp\nhostname: *a', 'container.yml:2:11: aliases are not read; write the value again'],
    ['- a', 'container.yml:1:1: expected keys with values; write cores: 2'],
    ['just text', 'container.yml:1:1: expected keys with values; write cores: 2'],
    ['cores: [1', 'container.yml:1:'],
    ['cores: 1\n---\ncores: 2', 'container.yml:2:1: '],
    ['\tcores: 1', 'container.yml:1:'],
  ])('%j is refused', (text, message) => {
    const problems = problemsOf({ 'container.yml': text }).map(formatProblem);
    expect(problems[0]).toContain(message);
  });

  it('survives nesting', () => {
    for (const text of [
      `a: ${'['.repeat(30_000)}${']'.repeat(30_000)}`,
      '['.repeat(60_000),
      `a: ${'{a: '.repeat(12_000)}`,
    ]) {
      expect(problemsOf({ 'container.yml': text })[0]?.line).toBe(1);
    }
  });
});
