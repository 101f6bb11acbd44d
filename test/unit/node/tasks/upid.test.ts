import { describe, expect, it } from 'vitest';
import { formatUpid, parseUpid } from '../../../../local/node/tasks/upid.ts';

describe('a task’s name', () => {
  it('is read as recorded', () => {
    expect(parseUpid('UPID:pve:00003AD3:0004C128:6B0155F0:vzstart:999:root@pam!gitops:')).toEqual({
      upid: 'UPID:pve:00003AD3:0004C128:6B0155F0:vzstart:999:root@pam!gitops:',
      node: 'pve',
      pid: 15059,
      pstart: 311592,
      starttime: 1795249648,
      type: 'vzstart',
      id: '999',
      user: 'root@pam',
      tokenid: 'gitops',
    });
  });

  it.each(['UPID:bad', '', 'UPID:pve:1:2:3:vzstart:1:root@pam:', '../../etc/passwd'])('is not %s', (text) => {
    expect(parseUpid(text)).toBeUndefined();
  });

  it('comes back from what it was made of', () => {
    const parts = { node: 'pve', pid: 1, pstart: 2, starttime: 3, type: 'imgdel', id: '100@local', user: 'root@pam' };
    const upid = formatUpid(parts);
    expect(upid).toBe('UPID:pve:00000001:00000002:00000003:imgdel:100@local:root@pam:');
    expect(parseUpid(upid)).toEqual({ upid, ...parts });
  });
});
