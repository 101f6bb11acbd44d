import { describe, expect, it } from 'vitest';
import { encodeForm } from '../../../../src/adapters/proxmox/form.ts';

describe('form', () => {
  it('is percent-encoded throughout, booleans as 1 and 0', () => {
    const form = { net0: 'name=eth0,ip=dhcp', description: 'a b+c&d;e\n', force: true, purge: false, cores: 2 };
    expect(encodeForm(form)).toBe(
      'net0=name%3Deth0%2Cip%3Ddhcp&description=a%20b%2Bc%26d%3Be%0A&force=1&purge=0&cores=2',
    );
  });

  it.each([null, undefined, '', Number.NaN, ['a'], {}])('%j would be stored as a value: a bug', (value) => {
    expect(() => encodeForm({ nameserver: value })).toThrow(expect.objectContaining({ kind: 'bug' }));
  });
});
