import { describe, expect, it } from 'vitest';
import { parseUpid } from '../../../../src/adapters/proxmox/upid.ts';

describe('UPID', () => {
  it('of a token, row 120', () => {
    expect(parseUpid('UPID:pve:00003D7A:0004D940:6B01562E:vzcreate:101:root@pam!gitops:')).toEqual({
      node: 'pve',
      started: 1795249710,
      type: 'vzcreate',
      vmid: 101,
      user: 'root@pam!gitops',
    });
  });

  it('of a task that is about no guest', () => {
    const upid = parseUpid('UPID:pve:00003D7A:0004D940:6B01562E:download:debian.tar.zst:root@pam:');
    expect(upid).toMatchObject({ type: 'download', user: 'root@pam' });
    expect(upid).not.toHaveProperty('vmid');
    expect(parseUpid('UPID:pve:00003D7A:0004D940:6B01562E:aptupdate::root@pam:')).not.toHaveProperty('vmid');
  });

  it.each(['', 'UPID:bad', 'UPID:pve:x:0004D940:6B01562E:vzcreate:101:root@pam:'])('%j is none', (text) => {
    expect(parseUpid(text)).toBeUndefined();
  });
});
