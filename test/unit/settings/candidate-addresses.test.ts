import { describe, expect, it } from 'vitest';
import { candidateAddresses } from '../../../src/settings/candidate-addresses.ts';

describe('candidate_addresses', () => {
  it.each([
    ['dhcp', 'dhcp'],
    ['none', 'none'],
    ['10.0.0.5', ['10.0.0.5']],
    ['10.0.0.254-10.0.1.1', ['10.0.0.254', '10.0.0.255', '10.0.1.0', '10.0.1.1']],
    ['10.0.0.5, 10.0.0.8-10.0.0.9', ['10.0.0.5', '10.0.0.8', '10.0.0.9']],
    ['255.255.255.254-255.255.255.255', ['255.255.255.254', '255.255.255.255']],
  ])('%s', (text, value) => {
    expect(candidateAddresses(text)).toEqual({ value });
  });

  it.each(['', ',', 'auto', '10.0.0', '10.0.0.9-10.0.0.1', '10.0.0.1-10.0.0.2-10.0.0.3', '10.0.0.0-10.0.1.0'])(
    '%s is refused',
    (text) => {
      expect(candidateAddresses(text)).toHaveProperty('wrong');
    },
  );
});
