import { aclCommand, roleCommand } from '../access/grant.ts';
import { COMMENT, type Wish } from './wish.ts';

/** What a person types on a Proxmox VE node as root, in this order. The token's secret is printed by its line, once. */
export function setupCommands(wish: Wish): readonly string[] {
  const [user = '', name = ''] = wish.token.split('!');
  const to = { users: [wish.user], tokens: [wish.token] };
  return [
    `pveum pool add ${wish.pool} --comment ${COMMENT}`,
    roleCommand(wish.role, wish.privileges),
    `pveum user add ${user} --comment ${COMMENT}`,
    `pveum user token add ${user} ${name} --privsep 1 --comment ${COMMENT}`,
    ...wish.paths.map((path) => aclCommand(path, wish.role, to)),
  ];
}
