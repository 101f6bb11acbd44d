import { describe, expect, it } from 'vitest';
import { parseEndpoint, showEndpoint } from '../../../../src/adapters/proxmox/endpoint.ts';

describe('endpoint', () => {
  it.each([
    ['pve.example.org', 'pve.example.org', 8006],
    ['192.168.1.10:443', '192.168.1.10', 443],
    ['https://pve:8006/', 'pve', 8006],
    ['[fd00::1]:8007', 'fd00::1', 8007],
    ['fd00::1', 'fd00::1', 8006],
    ['::1', '::1', 8006],
    [' pve ', 'pve', 8006],
  ])('%s', (text, host, port) => {
    expect(parseEndpoint(text, 8006)).toEqual({ host, port });
  });

  it.each(['', 'http://pve', 'a b', 'pve:0', 'pve:65536', 'pve:x', 'pve/path', 'user@pve:8006:9'])(
    '%j is refused as a person’s mistake',
    (text) => {
      expect(() => parseEndpoint(text, 8006)).toThrow(expect.objectContaining({ kind: 'user' }));
    },
  );

  it('shows IPv6 in brackets', () => {
    expect(showEndpoint({ host: '::1', port: 8006 })).toBe('[::1]:8006');
  });
});
