import type { Finding } from '../model/finding.ts';
import type { ApiIdentity, PermissionsByPath } from '../model/inspection.ts';
import { ok, warning } from './findings.ts';

/** Who may hand out rights everywhere may do everything. */
export function isAlmighty(held: PermissionsByPath): boolean {
  return held.get('/')?.has('Permissions.Modify') === true;
}

export function examineIdentity(identity: ApiIdentity, held: PermissionsByPath, local: boolean): Finding {
  const name = describeIdentity(identity);
  if (!isAlmighty(held) || local) return ok('identity', name);
  return warning('identity', `${name}; it may do everything on this server`, [
    'make a token that can reach one pool only: pve-gitops setup --run',
  ]);
}

function describeIdentity(identity: ApiIdentity): string {
  if (identity.kind === 'user') return `user ${identity.user} with a password`;
  switch (identity.separated) {
    case true:
      return `token ${identity.id} with privileges of its own`;
    case false:
      return `token ${identity.id} with all privileges of its user`;
    default:
      return `token ${identity.id} (whether its privileges are separated from its user's it cannot see itself)`;
  }
}
