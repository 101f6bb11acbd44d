import { describe, expect, it } from 'vitest';
import { definitionFiles } from '../../../src/definition/files.ts';
import { formatProblem, ProblemsError } from '../../../src/model/errors.ts';
import { problemsOf, read } from './read.ts';

const EXAMPLE = `IP=192.168.178.42
ID=42
HOSTNAME=apache
CORES=2
MEMORY=2048
SWAP=512
DISK=local-lvm:8
BOOT=yes
`;

describe('config.env', () => {
  it('works as the design shows it', () => {
    const at = (line: number, key: string) => ({ file: 'config.env', line, key });
    expect(read({ 'config.env': EXAMPLE }, { names: ['config.env', 'configure.sh'] })).toEqual({
      directory: '/srv/apache',
      files: ['config.env'],
      engine: 'shell',
      ip: { value: '192.168.178.42', ...at(1, 'IP') },
      id: { value: 42, ...at(2, 'ID') },
      hostname: { value: 'apache', ...at(3, 'HOSTNAME') },
      cores: { value: 2, ...at(4, 'CORES') },
      memory: { value: 2048, ...at(5, 'MEMORY') },
      swap: { value: 512, ...at(6, 'SWAP') },
      disk: { value: { storage: 'local-lvm', size: 8 }, ...at(7, 'DISK') },
      boot: { value: true, ...at(8, 'BOOT') },
    });
  });

  it('reads with a byte order mark and Windows line ends', () => {
    const text = `\uFEFF${EXAMPLE.replaceAll('\n', '\r\n')}`;
    expect(read({ 'config.env': text })).toEqual(read({ 'config.env': EXAMPLE }));
  });

  it('may be called container.env, and may be empty', () => {
    expect(read({ 'container.env': '' })).toEqual({
      directory: '/srv/apache',
      files: ['container.env'],
      engine: 'none',
    });
  });

  it('says everything that is wrong at once, in the order of the lines', () => {
    const text = 'IP=192.168.178.300\nMEMROY=2048\nCORES=0\nHOSTNAME=$(touch x)\nMEMORY=2G\ncores=2\nID=42\nID=43\n';
    expect(problemsOf({ 'config.env': text }).map(formatProblem)).toEqual([
      'config.env:1:4: IP: expected an IPv4 address, with or without /prefix, or dhcp, not "192.168.178.300"',
      'config.env:2:1: MEMROY: is not a key; did you mean MEMORY?',
      'config.env:3:7: CORES: expected a whole number from 1 to 8192, not 0',
      'config.env:4:10: HOSTNAME: $ is not evaluated here; write the value itself, in single quotes when the sign belongs to it',
      'config.env:5:8: MEMORY: expected MiB as a whole number from 16, such as 2048, not "2G"; write 2048',
      'config.env:6:1: cores: is not a key; write CORES',
      'config.env:8:1: ID: is there twice, first on line 7; keep one of them',
    ]);
  });

  it('orders what is wrong with keys and what is wrong with lines by line and column', () => {
    expect(
      problemsOf({ 'container.yml': '{ memory: x, swap: x, cores: 0, colour: red }' }).map(({ column }) => column),
    ).toEqual([11, 20, 30, 33]);
    expect(problemsOf({ 'config.env': 'COLOUR=red\nx\nCORES=0\ny\n' }).map(({ line }) => line)).toEqual([1, 2, 3, 4]);
  });

  it('shows a page of problems and counts the rest', () => {
    const problems = problemsOf({ 'config.env': 'x\n'.repeat(60) });
    expect(problems).toHaveLength(51);
    expect(problems.at(-1)).toEqual({ file: 'config.env', line: 51, message: 'and 10 more problems from here on' });
    expect(problemsOf({ 'config.env': 'x\n'.repeat(50) })).toHaveLength(50);
  });
});

describe('bytes', () => {
  const latin1 = Uint8Array.from(Buffer.from('IP=dhcp\n# gr\xfc\xdfe\nID=1\n# \xff\n', 'latin1'));
  it.each([
    [
      'not UTF-8, by line',
      latin1,
      [
        'config.env:2: has bytes that are not UTF-8; save the file as UTF-8',
        'config.env:4: has bytes that are not UTF-8; save the file as UTF-8',
      ],
    ],
    ['UTF-16', Uint8Array.from([0xff, 0xfe, 0x49, 0]), ['config.env:1: is UTF-16; save it as UTF-8']],
    ['UTF-16, the other way', Uint8Array.from([0xfe, 0xff, 0, 0x49]), ['config.env:1: is UTF-16; save it as UTF-8']],
    ['too many', new Uint8Array(65_537).fill(0x0a), ['config.env:1: has 65537 bytes, more than 65536']],
  ])('%s', (_, bytes, messages) => {
    expect(problemsOf({ 'config.env': bytes }).map(formatProblem)).toEqual(messages);
  });
});

describe('which files', () => {
  it('are asked for', () => {
    expect(definitionFiles('develop')).toEqual([
      'config.env',
      'config.develop.env',
      'config.local.env',
      'container.env',
      'container.develop.env',
      'container.local.env',
      'container.yml',
      'container.develop.yml',
      'container.local.yml',
    ]);
    expect(definitionFiles('local')).toHaveLength(6);
  });

  it('overlay the base, later wins, key by key with its own place', () => {
    const files = {
      'config.local.env': 'CORES=4\n',
      'config.develop.env': '\nCORES=3\nMEMORY=1024\n',
      'config.env': 'CORES=2\nMEMORY=2048\nSWAP=0\n',
    };
    const definition = read(files, { stage: 'develop' });
    expect(definition.files).toEqual(['config.env', 'config.develop.env', 'config.local.env']);
    expect(definition.cores).toEqual({ value: 4, file: 'config.local.env', line: 1, key: 'CORES' });
    expect(definition.memory).toEqual({ value: 1024, file: 'config.develop.env', line: 3, key: 'MEMORY' });
    expect(definition.swap).toEqual({ value: 0, file: 'config.env', line: 3, key: 'SWAP' });
  });

  it('overlay YAML with YAML', () => {
    const definition = read(
      { 'container.yml': 'cores: 2\nswap: 1', 'container.develop.yml': 'cores: 3' },
      { stage: 'develop' },
    );
    expect([definition.cores?.value, definition.swap?.value, definition.files]).toEqual([
      3,
      1,
      ['container.yml', 'container.develop.yml'],
    ]);
  });

  it('are wrong in base and overlay: both say so', () => {
    const problems = problemsOf({ 'config.env': 'CORES=x', 'config.local.env': 'SWAP=x' });
    expect(problems.map(({ file }) => file)).toEqual(['config.env', 'config.local.env']);
  });

  it.each<[string, Record<string, string>, readonly string[], string]>([
    [
      'two bases',
      { 'config.env': '', 'container.yml': '' },
      [],
      'container.yml:1: is a second definition beside config.env; keep one of them',
    ],
    [
      'two .env files',
      { 'config.env': '', 'container.env': '' },
      [],
      'container.env:1: is a second definition beside config.env; keep one of them',
    ],
    [
      'an overlay of another base',
      { 'config.env': '', 'container.local.yml': '' },
      [],
      'container.local.yml:1: overlays a file that is not there; overlays of config.env are named config.STAGE.env',
    ],
    ['none', {}, ['README.md'], '/srv/apache: holds no config.env, no container.env and no container.yml'],
    [
      'only an overlay',
      { 'config.local.env': '' },
      [],
      '/srv/apache: holds no config.env, no container.env and no container.yml',
    ],
    [
      'a name that is almost right',
      {},
      ['container.yaml'],
      '/srv/apache: holds no config.env, no container.env and no container.yml; rename container.yaml',
    ],
    [
      'another almost right',
      {},
      ['.Config.env'],
      '/srv/apache: holds no config.env, no container.env and no container.yml; rename .Config.env',
    ],
  ])('are wrong: %s', (_, files, names, message) => {
    expect(problemsOf(files, { names }).map(formatProblem)).toEqual([message]);
  });
});

describe('the vmid', () => {
  it('is said once in a file', () => {
    expect(problemsOf({ 'container.yml': 'id: 42\nvmid: 142\n' }).map(formatProblem)).toEqual([
      'container.yml:2:1: vmid: stands beside id of line 1; keep one of them',
    ]);
  });

  it.each([
    ['id: 42', 'vmid: 142', undefined, 142],
    ['vmid: 142', 'id: 42', 42, undefined],
  ])('of an overlay takes the place of the other: %s, %s', (base, overlay, id, vmid) => {
    const definition = read({ 'container.yml': base, 'container.local.yml': overlay });
    expect([definition.id?.value, definition.vmid?.value]).toEqual([id, vmid]);
  });
});

describe('the engine', () => {
  it.each([
    [[], 'none'],
    [['configure.sh'], 'shell'],
    [['build-target.sh'], 'shell'],
    [['playbook.yml', 'configure.sh'], 'ansible'],
    [['recipes/default.rb', 'playbook.yml'], 'cinc'],
    [['recipes'], 'cinc'],
    [['recipes', 'recipes/other.rb', 'configure.sh'], 'shell'],
  ])('of %j is %s', (names, engine) => {
    expect(read({ 'config.env': '' }, { names }).engine).toBe(engine);
  });
});

it('names the directory in its error', () => {
  expect(() => read({ 'config.env': 'x' })).toThrowError(ProblemsError);
  expect(() => read({ 'config.env': 'x' })).toThrowError('Unable to read definition /srv/apache: 1 problem\n');
});
