import { describe, expect, it } from 'vitest';
import { type AccessData, type AclEntry, newUser } from '../../../../local/node/auth/access-store.ts';
import { Tickets } from '../../../../local/node/auth/authenticate.ts';
import { AccessControl, normalizePath } from '../../../../local/node/auth/permissions.ts';
import { builtinRoles } from '../../../../local/node/auth/roles.ts';

const entry = (path: string, ugid: string, roleid: string, options: Partial<AclEntry> = {}): AclEntry => ({
  path,
  type: 'user',
  ugid,
  roleid,
  propagate: true,
  ...options,
});

function access(acl: readonly AclEntry[], pools: AccessData['pools'] = {}): AccessControl {
  const token = { expire: 0, secret: '' };
  const user = { ...newUser(), tokens: { own: { ...token, privsep: true }, full: { ...token, privsep: false } } };
  const data: AccessData = {
    users: { 'root@pam': newUser(), 'a@pve': { ...user, groups: ['staff'] } },
    groups: { staff: {} },
    roles: {},
    acl: [...acl],
    pools,
  };
  return new AccessControl(() => data, builtinRoles('8.4'));
}

describe('who may what', () => {
  it('is everything for root, and what its ACLs say for everyone else', () => {
    expect(access([]).may('root@pam', '/vms/100', 'VM.Allocate')).toBe(true);
    expect(access([]).may('a@pve', '/vms/100', 'VM.Audit')).toBe(false);
    expect(access([entry('/vms', 'a@pve', 'PVEVMAdmin')]).may('a@pve', '/vms/100', 'VM.Allocate')).toBe(true);
  });

  it.each<[string, readonly AclEntry[], string, boolean]>([
    [
      'a deeper entry replaces the higher one',
      [entry('/', 'a@pve', 'Administrator'), entry('/vms/100', 'a@pve', 'PVEAuditor')],
      'VM.Allocate',
      false,
    ],
    [
      'without propagation it stays where it is',
      [entry('/vms', 'a@pve', 'PVEVMAdmin', { propagate: false })],
      'VM.Allocate',
      false,
    ],
    [
      'on its own path it counts without propagation',
      [entry('/vms/100', 'a@pve', 'PVEVMAdmin', { propagate: false })],
      'VM.Allocate',
      true,
    ],
    ['a group counts', [entry('/vms', 'staff', 'PVEVMAdmin', { type: 'group' })], 'VM.Allocate', true],
    [
      'a user’s own entry goes before the group’s',
      [entry('/vms', 'staff', 'PVEVMAdmin', { type: 'group' }), entry('/vms', 'a@pve', 'PVEAuditor')],
      'VM.Allocate',
      false,
    ],
    [
      'NoAccess takes all',
      [entry('/vms', 'a@pve', 'PVEVMAdmin'), entry('/vms', 'a@pve', 'NoAccess')],
      'VM.Audit',
      false,
    ],
  ])('%s', (_rule, acl, privilege, expected) => {
    expect(access(acl).may('a@pve', '/vms/100', privilege)).toBe(expected);
  });

  it('comes from the pool as well', () => {
    const pools = { prod: { vms: [100], storage: [] } };
    const control = access([entry('/pool/prod', 'a@pve', 'PVEVMUser')], pools);
    expect(control.may('a@pve', '/vms/100', 'VM.PowerMgmt')).toBe(true);
    expect(control.may('a@pve', '/vms/101', 'VM.PowerMgmt')).toBe(false);
  });

  it('is the common part of user and token when privileges are separated', () => {
    const acl = [entry('/vms', 'a@pve', 'PVEVMUser'), entry('/vms', 'a@pve!own', 'PVEVMAdmin', { type: 'token' })];
    const control = access(acl);
    expect(control.may('a@pve!own', '/vms/100', 'VM.PowerMgmt')).toBe(true);
    expect(control.may('a@pve!own', '/vms/100', 'VM.Allocate')).toBe(false);
    expect(control.may('a@pve!full', '/vms/100', 'VM.PowerMgmt')).toBe(true);
    expect(control.may('a@pve!nope', '/vms/100', 'VM.PowerMgmt')).toBe(false);
  });

  it('is checked with Proxmox VE’s words', () => {
    const control = access([]);
    expect(() => control.check('a@pve', '/vms/100', ['VM.Audit'])).toThrow(
      'Permission check failed (/vms/100, VM.Audit)',
    );
    expect(() => control.checkAny('a@pve', '/x', ['A', 'B'])).toThrow('Permission check failed (/x, A|B)');
  });
});

describe('paths', () => {
  it.each([
    ['vms/100/', '/vms/100'],
    ['//vms', '/vms'],
    ['/', '/'],
    ['/pool/bad pool!', undefined],
  ])('%s → %s', (given, expected) => {
    expect(normalizePath(given)).toBe(expected);
  });
});

describe('roles', () => {
  it('are those of the release', () => {
    const names = (release: '8.4' | '9.1') => builtinRoles(release).get('Administrator') ?? [];
    expect(names('8.4')).toHaveLength(42);
    expect(names('8.4')).toContain('VM.Monitor');
    expect(names('9.1')).not.toContain('VM.Monitor');
    expect(names('9.1')).toContain('VM.GuestAgent.Audit');
  });
});

describe('tickets', () => {
  it('belong to their user, their time and this node', () => {
    const tickets = new Tickets(Buffer.from('key'));
    const { ticket, csrf } = tickets.issue('a@pve', 1000);
    expect(tickets.userOf(ticket, 1000 + 7199)).toBe('a@pve');
    expect(tickets.userOf(ticket, 1000 + 7200)).toBeUndefined();
    expect(tickets.userOf(ticket.replace('a@pve', 'root@pam'), 1000)).toBeUndefined();
    expect(new Tickets(Buffer.from('other')).userOf(ticket, 1000)).toBeUndefined();
    expect(tickets.csrfMatches(csrf, 'a@pve', 1000)).toBe(true);
    expect(tickets.csrfMatches(csrf, 'root@pam', 1000)).toBe(false);
  });
});
