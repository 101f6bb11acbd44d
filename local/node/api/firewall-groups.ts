import {
  CLUSTER,
  changeFirewall,
  listWithDigest,
  type Rule,
  type RuleGroup,
  readFirewall,
} from '../guests/firewall-config.ts';
import { assertUnmodified } from '../guests/update.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';
import { addRule, changeRule, groupRules, listRules, oneRule, removeRule } from './firewall-rules.ts';

const said = (comment: string | undefined): { readonly comment?: string } =>
  comment === undefined || comment === '' ? {} : { comment };

function groupsOf({ core }: Call): Readonly<Record<string, RuleGroup>> {
  return readFirewall(core, CLUSTER).groups;
}

function index(call: Call) {
  const names = Object.keys(groupsOf(call)).sort();
  return listWithDigest(names.map((group) => ({ group, ...said(groupsOf(call)[group]?.comment) })));
}

/** Rules that name the group follow it, in every firewall. */
function rename(call: Call, old: string): Json {
  assertUnmodified(call.text('digest'), index(call).digest);
  const name = call.required('group');
  const { [old]: found, ...others } = groupsOf(call);
  if (found === undefined) throw parameterError({ group: `Security group '${old}' does not exist` });
  if (others[name] !== undefined) throw parameterError({ group: `Security group '${name}' does already exist` });
  const next: RuleGroup = { rules: found.rules, ...said(call.text('comment') ?? found.comment) };
  changeFirewall(call.core, CLUSTER, { groups: { ...others, [name]: next } });
  const follow = (rule: Rule): Rule =>
    rule.type === 'group' && rule.action === old ? { ...rule, action: name } : rule;
  call.core.firewalls.update((value) => {
    for (const [key, config] of Object.entries(value)) value[key] = { ...config, rules: config.rules.map(follow) };
  });
  return null;
}

function create(call: Call): Json {
  const [group, old] = [call.required('group'), call.text('rename')];
  if (old !== undefined && old !== '') return rename(call, old);
  if (groupsOf(call)[group] !== undefined) {
    throw parameterError({ group: `Security group '${group}' already exists` });
  }
  const added: RuleGroup = { rules: [], ...said(call.text('comment')) };
  return changeFirewall(call.core, CLUSTER, { groups: { ...groupsOf(call), [group]: added } });
}

function remove(call: Call): Json {
  const group = call.required('group');
  if (groupRules(call).rules.length > 0) throw new ApiError(500, `Security group '${group}' is not empty`);
  const { [group]: _gone, ...rest } = groupsOf(call);
  return changeFirewall(call.core, CLUSTER, { groups: rest });
}

export const firewallGroupRoutes: Routes = {
  'GET /cluster/firewall/groups': (call) => index(call).list,
  'POST /cluster/firewall/groups': create,
  'DELETE /cluster/firewall/groups/{group}': remove,
  'GET /cluster/firewall/groups/{group}': listRules(groupRules),
  'POST /cluster/firewall/groups/{group}': addRule(groupRules),
  'GET /cluster/firewall/groups/{group}/{pos}': oneRule(groupRules),
  'PUT /cluster/firewall/groups/{group}/{pos}': changeRule(groupRules),
  'DELETE /cluster/firewall/groups/{group}/{pos}': removeRule(groupRules),
};
