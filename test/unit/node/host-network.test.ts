import { describe, expect, it } from 'vitest';
import { freeNetwork, parseRange } from '../../../local/node/host-network.ts';

describe('the containers’ network', () => {
  it.each<[string, readonly string[], string | undefined]>([
    ['nothing taken', ['default', '172.16.0.0/24', 'fe80::/64'], '10.91.0.0/16'],
    ['the default route as 0.0.0.0/0', ['0.0.0.0/0'], '10.91.0.0/16'],
    ['a host inside', ['10.91.3.4'], '10.92.0.0/16'],
    ['a network around', ['10.64.0.0/10'], '10.128.0.0/16'],
    ['an address with its prefix', ['10.91.0.1/24', '10.92.0.1/24'], '10.93.0.0/16'],
    ['all of 10/8', ['10.0.0.0/8'], undefined],
  ])('with %s', (_what, taken, expected) => {
    expect(freeNetwork(taken)).toBe(expected);
  });

  it('reads ranges to their ends', () => {
    expect(parseRange('10.1.2.3/16')).toEqual({ first: 0x0a010000, last: 0x0a01ffff });
  });
});
