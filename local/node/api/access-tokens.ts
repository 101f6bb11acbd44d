import { randomUUID } from 'node:crypto';
import { hashSecret, type Token, tokenEntry } from '../auth/access-store.ts';
import { changeUserConfig } from '../auth/user-config.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import { userOf } from './access-users.ts';
import type { Call, Routes } from './call.ts';

function tokenOf(call: Call): Token {
  const name = call.required('tokenid');
  const token = userOf(call).tokens[name];
  if (token === undefined) {
    throw new ApiError(500, `no such token '${name}' for user '${call.required('userid')}'`);
  }
  return token;
}

function save(call: Call, what: string, token: Token): void {
  const userid = call.required('userid');
  changeUserConfig(call.core, what, () =>
    call.core.accessStore.update((data) => {
      const user = data.users[userid];
      if (user !== undefined) user.tokens[call.required('tokenid')] = token;
    }),
  );
}

/** The values of a call as they come back in its answer: as texts (row 12). */
function echo(call: Call, names: readonly string[]): Record<string, string> {
  const pairs = names.flatMap((name) => {
    const value = call.text(name);
    return value === undefined || (name === 'comment' && value === '') ? [] : [[name, value] as const];
  });
  return Object.fromEntries(pairs);
}

function create(call: Call): Json {
  const name = call.required('tokenid');
  if (userOf(call).tokens[name] !== undefined) throw parameterError({ tokenid: 'Token already exists.' });
  const value = randomUUID();
  const comment = call.text('comment') || undefined;
  save(call, 'generating token failed', {
    privsep: call.text('privsep') !== '0',
    expire: call.number('expire') ?? 0,
    secret: hashSecret(value),
    ...(comment === undefined ? {} : { comment }),
  });
  const info = { privsep: '1', ...echo(call, ['comment', 'expire', 'privsep']) };
  return { 'full-tokenid': `${call.required('userid')}!${name}`, value, info };
}

function update(call: Call): Json {
  const before = tokenOf(call);
  const comment = call.text('comment') || undefined;
  const after: Token = {
    ...before,
    expire: call.number('expire') ?? before.expire,
    privsep: call.text('privsep') === undefined ? before.privsep : call.flag('privsep'),
    ...(comment === undefined ? {} : { comment }),
  };
  save(call, 'updating token info failed', after);
  return { ...tokenEntry(after), ...echo(call, ['comment', 'expire', 'privsep']) };
}

function remove(call: Call): Json {
  tokenOf(call);
  const [userid, name] = [call.required('userid'), call.required('tokenid')];
  changeUserConfig(call.core, 'deleting token failed', () =>
    call.core.accessStore.update((data) => {
      delete data.users[userid]?.tokens[name];
      data.acl = data.acl.filter((acl) => acl.ugid !== `${userid}!${name}`);
    }),
  );
  return null;
}

export const tokenRoutes: Routes = {
  'GET /access/users/{userid}/token': (call) =>
    Object.entries(userOf(call).tokens).map(([tokenid, token]) => ({ tokenid, ...tokenEntry(token) })),
  'GET /access/users/{userid}/token/{tokenid}': (call) => tokenEntry(tokenOf(call)),
  'POST /access/users/{userid}/token/{tokenid}': create,
  'PUT /access/users/{userid}/token/{tokenid}': update,
  'DELETE /access/users/{userid}/token/{tokenid}': remove,
};
