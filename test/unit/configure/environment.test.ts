import { describe, expect, it } from 'vitest';
import { encodeEnvironment, guestEnvironment } from '../../../src/configure/environment.ts';

describe('encodeEnvironment', () => {
  it('takes any text as it is, each pair ended by a zero byte', () => {
    const value = 'two\nlines $(id) `id` "quoted" \'single\' = ünï';
    expect(new TextDecoder().decode(encodeEnvironment({ A: value, B_2: '' }))).toBe(`A=${value}\0B_2=\0`);
  });

  it('is empty without variables', () => {
    expect(encodeEnvironment({})).toHaveLength(0);
  });

  it.each(['2A', 'A B', 'A[0]', 'A=B', ''])('refuses %j as a name', (name) => {
    expect(() => encodeEnvironment({ [name]: 'x' })).toThrow('name');
  });

  it('refuses a zero byte and does not show the value', () => {
    expect(() => encodeEnvironment({ PASSWORD: 'geheim\0' })).toThrow(
      /^Unable to hand over PASSWORD: it holds a zero byte$/,
    );
  });
});

describe('guestEnvironment', () => {
  it('gives what is known', () => {
    const facts = {
      ip: '192.168.178.42',
      id: 42,
      hostname: 'apache',
      stage: 'main',
      login: 'anna',
      password: 'geheim',
    };
    expect(guestEnvironment({ ...facts, host: '192.168.178.2' })).toEqual({
      IP: '192.168.178.42',
      ID: '42',
      HOSTNAME: 'apache',
      STAGE: 'main',
      HOST: '192.168.178.2',
      LOGIN: 'anna',
      PASSWORD: 'geheim',
    });
  });

  it('leaves out what is not, rather than giving it as empty', () => {
    expect(guestEnvironment({ id: 1042, hostname: 'apache', stage: 'main' })).toEqual({
      ID: '1042',
      HOSTNAME: 'apache',
      STAGE: 'main',
    });
  });
});
