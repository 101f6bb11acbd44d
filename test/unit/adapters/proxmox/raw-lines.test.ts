import { describe, expect, it } from 'vitest';
import { parseRawLines } from '../../../../src/adapters/proxmox/raw-lines.ts';

describe('raw lines of a config', () => {
  it('are read in their order, and none are none', () => {
    const lxc = [
      ['lxc.idmap', 'u 0 100000 65536'],
      ['lxc.cap.drop', ''],
    ];
    expect(parseRawLines({ hostname: 'a', memory: 512, lxc })).toEqual([
      'lxc.idmap: u 0 100000 65536',
      'lxc.cap.drop: ',
    ]);
    expect(parseRawLines({ hostname: 'a' })).toEqual([]);
  });
});
