import { describe, expect, it } from 'vitest';
import { distance, nearest } from '../../../src/model/nearest.ts';

describe('distance', () => {
  it.each([
    ['', '', 0],
    ['CORES', 'CORES', 0],
    ['cores', 'CORES', 0],
    ['COERS', 'CORES', 1],
    ['CORE', 'CORES', 1],
    ['CORESS', 'CORES', 1],
    ['CORAS', 'CORES', 1],
    ['', 'SWAP', 4],
    ['BOOT', 'MOUNT', 3],
  ])('%s and %s: %i', (left, right, edits) => {
    expect(distance(left, right)).toBe(edits);
    expect(distance(right, left)).toBe(edits);
  });
});

describe('nearest', () => {
  const keys = ['IP', 'ID', 'HOSTNAME', 'MEMORY', 'SWAP'];
  it.each([
    ['MEMROY', 'MEMORY'],
    ['memory', 'MEMORY'],
    ['HOST_NAME', 'HOSTNAME'],
    ['IPP', 'IP'],
    ['COLOUR', undefined],
    ['X', undefined],
    [`${'M'.repeat(65)}`, undefined],
  ])('%s means %s', (word, meant) => {
    expect(nearest(word, keys)).toBe(meant);
  });

  it('prefers the nearer one, whatever the order', () => {
    expect(nearest('SWAPP', ['SWAPPY', 'SWAP', 'SWAPPING'])).toBe('SWAPPY');
    expect(nearest('GATEWAY', ['GATEWAYS', 'GATEWAY'])).toBe('GATEWAY');
  });
});
