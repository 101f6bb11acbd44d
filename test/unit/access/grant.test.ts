import { describe, expect, it } from 'vitest';
import { type GrantInput, grantCommands, subjectsOf } from '../../../src/access/grant.ts';
import type { Missing } from '../../../src/access/missing.ts';
import { rolePrivileges } from '../../../src/access/role.ts';
import type { ApiIdentity, Role } from '../../../src/model/inspection.ts';

const TOKEN: ApiIdentity = { kind: 'token', user: 'gitops@pve', id: 'gitops@pve!deploy' };
const ALL = rolePrivileges(9);
const role = (privileges: readonly string[], name = 'GitOps', builtin = false): Role => ({
  name,
  builtin,
  privileges: new Set(privileges),
});
const PATH = '/pool/gitops';
const lacking = (privilege: string, path = PATH): Missing => ({ path, privilege, verbs: ['deploy'], reasons: ['x'] });

function commands(missing: Missing, input: Partial<GrantInput> = {}): readonly string[] {
  return grantCommands(missing, { identity: TOKEN, held: new Map(), roles: [], major: 9, ...input });
}

const BOTH = "--users gitops@pve --tokens 'gitops@pve!deploy'";

describe('the lines that grant', () => {
  const less = ALL.filter((name) => name !== 'VM.Audit');

  it('the role that is bound there lacks it', () => {
    const held = new Map([[PATH, new Set(less)]]);
    expect(commands(lacking('VM.Audit'), { roles: [role(less)], held })).toEqual([
      "pveum role modify GitOps --privs 'VM.Audit' --append 1",
    ]);
  });

  it('a role of another name is bound there', () => {
    const held = new Map([[PATH, new Set(['VM.Allocate', 'VM.Config.CPU'])]]);
    const roles = [role(ALL), role(['VM.Allocate', 'VM.Config.CPU'], 'Deployer'), role(['VM.Allocate'], 'PVEx', true)];
    expect(commands(lacking('VM.Audit'), { roles, held })).toEqual([
      "pveum role modify Deployer --privs 'VM.Audit' --append 1",
    ]);
  });

  it('the role is there and not bound', () => {
    expect(commands(lacking('VM.Audit'), { roles: [role(ALL)] })).toEqual([
      `pveum acl modify ${PATH} ${BOTH} --roles GitOps`,
    ]);
  });

  it('the role is there, not bound, and not enough', () => {
    expect(commands(lacking('VM.Audit'), { roles: [role(less)] })).toEqual([
      "pveum role modify GitOps --privs 'VM.Audit' --append 1",
      `pveum acl modify ${PATH} ${BOTH} --roles GitOps`,
    ]);
  });

  it('there is no role', () => {
    expect(commands(lacking('VM.Audit'))).toEqual([
      `pveum role add GitOps --privs '${ALL.join(' ')}'`,
      `pveum acl modify ${PATH} ${BOTH} --roles GitOps`,
    ]);
  });

  it('what reaches beyond a pool gets a role of its own', () => {
    expect(commands(lacking('Pool.Allocate'))).toEqual([`pveum acl modify ${PATH} ${BOTH} --roles PVEPoolAdmin`]);
    expect(commands(lacking('Sys.Modify', '/'))).toEqual([
      'pveum role add GitOpsSystem --privs Sys.Modify',
      `pveum acl modify / ${BOTH} --roles GitOpsSystem`,
    ]);
  });
});

describe('who lacks it', () => {
  const has = new Map([[PATH, new Set(['VM.Audit'])]]);
  it.each<[string, Partial<GrantInput>, readonly string[], readonly string[]]>([
    ['a user', { identity: { kind: 'user', user: 'a@pve' } }, ['a@pve'], []],
    ['a token whose user cannot be seen', {}, ['gitops@pve'], ['gitops@pve!deploy']],
    ['a token whose user has it', { heldByUser: has }, [], ['gitops@pve!deploy']],
    ['a token whose user lacks it too', { heldByUser: new Map() }, ['gitops@pve'], ['gitops@pve!deploy']],
    ['a token with its user’s privileges', { identity: { ...TOKEN, separated: false } }, ['gitops@pve'], []],
    ['a token of root', { identity: { kind: 'token', user: 'root@pam', id: 'root@pam!x' } }, [], ['root@pam!x']],
  ])('%s', (_, input, users, tokens) => {
    const given = { identity: TOKEN, held: new Map(), roles: [], major: 9, ...input };
    expect(subjectsOf(lacking('VM.Audit'), given)).toMatchObject({ users, tokens });
  });
});
