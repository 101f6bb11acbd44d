import { describe, expect, it } from 'vitest';
import { identityFor } from '../../../../src/adapters/proxmox/privileged-call.ts';

describe('calls that Proxmox VE reserves to root@pam', () => {
  it.each<[Record<string, string | number>]>([
    [{ mp0: '/srv/data,mp=/data' }],
    [{ mp12: '/dev/sdb1,mp=/data' }],
    [{ mp0: 'volume=/srv/data,mp=/data' }],
    [{ dev0: '/dev/fuse' }],
    [{ features: 'nesting=1,keyctl=1' }],
    [{ features: 'mount=nfs' }],
    [{ features: 'nesting=1', unprivileged: 0 }],
    [{ hookscript: 'local:snippets/x.pl' }],
  ])('%j', (parameters) => {
    expect(identityFor(parameters)).toBe('root');
  });

  it.each<[Record<string, string | number>]>([
    [{ features: 'nesting=1' }],
    [{ features: 'nesting=1', unprivileged: 1 }],
    [{ mp0: 'local-lvm:8,mp=/data' }],
    [{ mp0: 'local-lvm:vm-101-disk-1,mp=/dev/x' }],
    [{ memory: 512, description: '/dev/x' }],
  ])('not %j', (parameters) => {
    expect(identityFor(parameters)).toBe('default');
  });
});
