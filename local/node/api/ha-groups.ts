import { createHash } from 'node:crypto';
import { assertQuorum } from '../cluster.ts';
import type { Core, HaGroup } from '../core.ts';
import { assertUnmodified } from '../guests/update.ts';
import { ApiError, type Json } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

const OPTIONS = ['nodes', 'comment', 'nofailback', 'restricted'];
const NUMBERS = new Set(['nofailback', 'restricted']);

function digestOf(core: Core): string {
  return createHash('sha1').update(JSON.stringify(core.haGroups.value)).digest('hex');
}

function entry(core: Core, group: string, options: HaGroup): { readonly [key: string]: Json } {
  const values = Object.entries(options).map(([key, value]): [string, Json] => [
    key,
    NUMBERS.has(key) ? Number(value) : value,
  ]);
  return { group, type: 'group', ...Object.fromEntries(values), digest: digestOf(core) };
}

function given(call: Call): HaGroup {
  const type = call.text('type');
  if (type !== undefined && type !== 'group') throw new ApiError(500, 'types does not match');
  const pairs = OPTIONS.flatMap((key) => {
    const value = call.text(key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return Object.fromEntries(pairs);
}

function known(call: Call, what = ''): readonly [string, HaGroup] {
  const group = call.required('group');
  const found = call.core.haGroups.value[group];
  if (found === undefined) throw new ApiError(500, `${what}no such ha group '${group}'`);
  return [group, found];
}

function create(call: Call): Json {
  assertQuorum(call.core);
  const group = call.required('group');
  const options = given(call);
  if (call.core.haGroups.value[group] !== undefined) {
    throw new ApiError(500, `create ha group failed: ha group ID '${group}' already defined`);
  }
  call.core.haGroups.update((value) => {
    value[group] = options;
  });
  return null;
}

function update(call: Call): Json {
  const options = given(call);
  assertUnmodified(call.text('digest'), digestOf(call.core));
  const [group, before] = known(call, 'update ha group failed: ');
  const next = { ...before, ...options };
  for (const key of call.list('delete')) {
    if (!OPTIONS.includes(key)) throw new ApiError(500, `update ha group failed: no such option '${key}'`);
    if (key === 'nodes') throw new ApiError(500, `update ha group failed: unable to delete required option '${key}'`);
    delete next[key];
  }
  call.core.haGroups.update((value) => {
    value[group] = next;
  });
  return null;
}

/** One that is not there is gone as well. */
function remove(call: Call): Json {
  const group = call.required('group');
  const user = Object.entries(call.core.ha.value).find(([, { options }]) => options.group === group)?.[0];
  if (user !== undefined) throw new ApiError(500, `delete ha group failed: ha group is used by service '${user}'`);
  call.core.haGroups.update((value) => {
    delete value[group];
  });
  return null;
}

export const haGroupRoutes: Routes = {
  'GET /cluster/ha/groups': ({ core }) =>
    Object.entries(core.haGroups.value).map(([group, options]) => entry(core, group, options)),
  'POST /cluster/ha/groups': create,
  'GET /cluster/ha/groups/{group}': (call) => entry(call.core, ...known(call)),
  'PUT /cluster/ha/groups/{group}': update,
  'DELETE /cluster/ha/groups/{group}': remove,
};
