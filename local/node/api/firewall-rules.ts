import {
  CLUSTER,
  changeFirewall,
  type DigestedList,
  type Firewall,
  listWithDigest,
  type Rule,
  type RuleEnvironment,
  readFirewall,
} from '../guests/firewall-config.ts';
import { RULE_KEYS, ruleVersion, type Surroundings, verifyRule } from '../guests/firewall-rule.ts';
import { assertUnmodified } from '../guests/update.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import type { Call, Handler } from './call.ts';

type Fields = { readonly [key: string]: Json };

/** A list of rules: a firewall's own, or a group's in the cluster's. */
export interface RuleList {
  readonly firewall: Firewall;
  readonly environment: RuleEnvironment;
  readonly rules: readonly Rule[];
  /** Writes another list in its place. */
  save(rules: readonly Rule[]): null;
}

export function rulesOf(call: Call, firewall: Firewall): RuleList {
  return {
    firewall,
    environment: firewall.environment,
    rules: readFirewall(call.core, firewall).rules,
    save: (rules) => changeFirewall(call.core, firewall, { rules }),
  };
}

/** Throws for a group that is not there. */
export function groupRules(call: Call): RuleList {
  const name = call.required('group');
  const { groups } = readFirewall(call.core, CLUSTER);
  const group = groups[name];
  if (group === undefined) throw new ApiError(500, `no such security group '${name}'`);
  return {
    firewall: CLUSTER,
    environment: 'group',
    rules: group.rules,
    save: (rules) => changeFirewall(call.core, CLUSTER, { groups: { ...groups, [name]: { ...group, rules } } }),
  };
}

function surroundingsOf(call: Call, { environment, firewall }: RuleList): Surroundings {
  return { environment, own: readFirewall(call.core, firewall), cluster: readFirewall(call.core, CLUSTER) };
}

/** A version that can no longer be told is not said. */
function versionOf(rule: Rule, surroundings: Surroundings): Fields {
  try {
    const ipversion = ruleVersion(rule, surroundings);
    return ipversion === undefined ? {} : { ipversion };
  } catch {
    return {};
  }
}

function shown(call: Call, list: RuleList): DigestedList {
  const surroundings = surroundingsOf(call, list);
  const entries = list.rules.map((rule) => ({
    ...rule,
    enable: Number(rule.enable ?? 0),
    ...versionOf(rule, surroundings),
  }));
  return listWithDigest(entries);
}

/** What a call says of a rule: nothing and `-` take a property away. */
function ruleOf(call: Call, before: Rule): Rule {
  const rule: Record<string, string> = { ...before };
  for (const key of RULE_KEYS) {
    const value = call.text(key);
    if (value === undefined) continue;
    if (value === '' || value === '-') delete rule[key];
    else rule[key] = value;
  }
  return rule;
}

function position(call: Call, { rules }: RuleList): number {
  const pos = Number(call.required('pos'));
  if (rules[pos] === undefined) throw new ApiError(500, `no rule at position ${pos}`);
  return pos;
}

function withoutProperties(call: Call, rule: Rule): Rule {
  const next = { ...rule };
  for (const key of call.list('delete')) {
    if (!RULE_KEYS.includes(key)) throw parameterError({ delete: `no such property ('${key}')` });
    if (key === 'type' || key === 'action') {
      throw parameterError({ delete: `unable to delete required property '${key}'` });
    }
    delete next[key];
  }
  return next;
}

/** A new rule stands first, and is off unless it says otherwise (row 1278). */
function add(call: Call, list: RuleList): Json {
  const rule = verifyRule(ruleOf(call, {}), surroundingsOf(call, list));
  return list.save([{ enable: '0', ...rule }, ...list.rules]);
}

function change(call: Call, list: RuleList): Json {
  const { rules } = list;
  assertUnmodified(call.text('digest'), shown(call, list).digest);
  const pos = position(call, list);
  const moveto = call.number('moveto');
  if (moveto !== undefined && moveto !== pos) {
    const rest = rules.filter((_, index) => index !== pos);
    // counted among all rules, the moved one too
    const at = moveto > pos ? moveto - 1 : moveto;
    return list.save([...rest.slice(0, at), ...rules.slice(pos, pos + 1), ...rest.slice(at)]);
  }
  const rule = verifyRule(withoutProperties(call, ruleOf(call, rules[pos] ?? {})), surroundingsOf(call, list));
  return list.save(rules.map((old, index) => (index === pos ? rule : old)));
}

function remove(call: Call, list: RuleList): Json {
  assertUnmodified(call.text('digest'), shown(call, list).digest);
  const pos = position(call, list);
  return list.save(list.rules.filter((_, index) => index !== pos));
}

function one(call: Call, list: RuleList): Json {
  const pos = position(call, list);
  return { ...shown(call, list).list[pos], pos };
}

type ListOf = (call: Call) => RuleList;

export const listRules =
  (of: ListOf): Handler =>
  (call) =>
    shown(call, of(call)).list.map((rule, pos) => ({ ...rule, pos }));
export const addRule =
  (of: ListOf): Handler =>
  (call) =>
    add(call, of(call));
export const oneRule =
  (of: ListOf): Handler =>
  (call) =>
    one(call, of(call));
export const changeRule =
  (of: ListOf): Handler =>
  (call) =>
    change(call, of(call));
export const removeRule =
  (of: ListOf): Handler =>
  (call) =>
    remove(call, of(call));
