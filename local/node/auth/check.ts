import { ApiError, permissionDenied } from '../http/answer.ts';
import type { Parameters } from '../http/parameters.ts';
import { FORMATS } from '../schema/formats.ts';
import type { Check, Permissions } from '../schema/types.ts';
import { splitList } from '../schema/validate.ts';
import { type AccessControl, normalizePath } from './permissions.ts';

/** Fills `{name}` from the parameters; a missing one becomes nothing. */
function fill(template: string, parameters: Parameters): string {
  return template.replace(/\{([^}]+)\}/g, (_, name: string) => {
    const value = parameters[name];
    return typeof value === 'string' ? value : '';
  });
}

interface Question {
  readonly access: AccessControl;
  readonly authuser: string;
  readonly parameters: Parameters;
}

/** Runs a test; throws 403 with the text of the test that failed. */
function run(question: Question, check: Check): void {
  const [test, ...rest] = check;
  switch (test) {
    case 'and':
      for (const part of rest) run(question, part as Check);
      return;
    case 'or':
      if (rest.some((part) => passes(question, part as Check))) return;
      throw permissionDenied();
    case 'perm':
      perm(question, rest);
      return;
    case 'perm-modify':
      permModify(question, String(rest[0]));
      return;
    case 'userid-param':
      useridParam(question, String(rest[0]));
      return;
    case 'userid-group':
      useridGroup(question, rest[0] as readonly string[], rest.slice(1));
      return;
    default:
      throw permissionDenied();
  }
}

function passes(question: Question, check: Check): boolean {
  try {
    run(question, check);
    return true;
  } catch {
    return false;
  }
}

function perm({ access, authuser, parameters }: Question, rest: readonly unknown[]): void {
  const [template, privileges, ...options] = rest as [string, readonly string[], ...unknown[]];
  const required = options[0] === 'require_param' ? String(options[1]) : undefined;
  if (required !== undefined && typeof parameters[required] !== 'string') throw permissionDenied();
  const path = normalizePath(fill(template, parameters));
  // a path that cannot be one shows as nothing, row 731
  if (path === undefined) throw permissionDenied(`, ${privileges.join('|')}`);
  if (options[0] === 'any') access.checkAny(authuser, path, privileges);
  else access.check(authuser, path, privileges);
}

/** Who may change an ACL: Permissions.Modify there, or the kind's own allocating privilege. */
function permModify({ access, authuser, parameters }: Question, template: string): void {
  const path = normalizePath(fill(template, parameters));
  // the call itself says what is wrong with the path
  if (path !== undefined) access.checkPermModify(authuser, path);
}

/** The user that a call names; a name that cannot be one is refused before any parameter is checked. */
function useridOf(parameters: Parameters): string {
  const userid = typeof parameters.userid === 'string' ? parameters.userid : '';
  const problem = FORMATS['pve-userid']?.(userid);
  if (problem !== undefined) throw new ApiError(500, problem);
  return userid;
}

function assertUserExists(access: AccessControl, userid: string): void {
  if (!access.hasUser(userid)) throw new ApiError(500, `no such user ('${userid}')`);
}

function useridParam({ access, authuser, parameters }: Question, kind: string): void {
  const userid = useridOf(parameters);
  if (kind === 'self') {
    assertUserExists(access, userid);
    if (userid !== authuser) throw permissionDenied();
    return;
  }
  access.check(authuser, `/access/realm/${userid.split('@').at(-1) ?? ''}`, [kind]);
}

/** Rights on users come from rights on groups: on all of them, or on those that the call names and the user is in. */
function useridGroup(question: Question, privileges: readonly string[], options: readonly unknown[]): void {
  const { access, authuser, parameters } = question;
  const named = options.includes('groups_param');
  const exists = options[options.indexOf('groups_param') + 1] !== 'create' || !named;
  const userid = exists ? useridOf(parameters) : '';
  if (exists) assertUserExists(access, userid);
  if (access.any(authuser, '/access/groups', privileges)) return;
  if (named) {
    const groups = splitList(typeof parameters.groups === 'string' ? parameters.groups : '');
    if (groups.length === 0) throw permissionDenied(`/access/groups, ${privileges.join('|')}`);
    for (const group of groups) access.checkAny(authuser, `/access/groups/${group}`, privileges);
  }
  const mine = access.groupsOf(userid).some((group) => access.any(authuser, `/access/groups/${group}`, privileges));
  if (exists && !mine) throw permissionDenied();
}

/** What the API description demands of the caller, before any parameter is looked at. */
export function checkPermissions(permissions: Permissions | undefined, question: Question): void {
  if (permissions?.user === 'world' || question.authuser === 'root@pam') return;
  if (question.authuser === '') throw permissionDenied('user != null');
  if (permissions === undefined) throw permissionDenied('user != root@pam');
  if (permissions.user === 'all') return;
  if (permissions.check === undefined) throw permissionDenied();
  run(question, permissions.check);
}
