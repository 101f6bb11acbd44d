import { createHash } from 'node:crypto';
import type { FirewallConfig } from '../core.ts';
import { RULE_KEYS, type Rule, verifyRule } from '../guests/firewall-rule.ts';
import { assertUnmodified } from '../guests/update.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

/** Nothing here filters packets: rules and options are kept and given back. */
const EMPTY: FirewallConfig = { options: {}, rules: [] };
const NOT_OPTION = new Set(['node', 'vmid', 'digest', 'delete']);
const OPTIONS = new Set([
  ...['enable', 'dhcp', 'ipfilter', 'macfilter', 'ndp', 'radv', 'log_level_in', 'log_level_out'],
  ...['policy_in', 'policy_out'],
]);
const NUMBERS = new Set(['enable', 'dhcp', 'ipfilter', 'macfilter', 'ndp', 'radv', 'log_ratelimit']);

function configOf({ core, vmid }: Call): FirewallConfig {
  return core.firewalls.value[vmid] ?? EMPTY;
}

function write(call: Call, config: FirewallConfig): null {
  call.core.firewalls.update((value) => {
    value[call.vmid] = config;
  });
  return null;
}

const typed = (key: string, value: string): Json => (NUMBERS.has(key) ? Number(value) : value);

function typedAll(values: Readonly<Record<string, string>>): { readonly [key: string]: Json } {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, typed(key, value)]));
}

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');

/** Of no options at all it is the digest of an empty file (row 110). */
function digestOf(config: FirewallConfig): string {
  return sha1(config === EMPTY ? '' : JSON.stringify(config));
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

function assertRules(call: Call, config: FirewallConfig): void {
  assertUnmodified(call.text('digest'), digestOf(config));
}

function rules(call: Call): Json {
  const config = configOf(call);
  return config.rules.map((rule, pos) => ({ ...typedAll(rule), pos, digest: digestOf(config) }));
}

function position(call: Call): number {
  const pos = Number(call.required('pos'));
  if (configOf(call).rules[pos] === undefined) throw new ApiError(500, `no rule at position ${pos}`);
  return pos;
}

/** A new rule stands first, and is off unless it says otherwise (row 1278). */
function addRule(call: Call): Json {
  const config = configOf(call);
  const rule = ruleOf(call, {});
  verifyRule(rule);
  return write(call, { ...config, rules: [{ enable: '0', ...rule }, ...config.rules] });
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

function changeRule(call: Call): Json {
  const config = configOf(call);
  assertRules(call, config);
  const pos = position(call);
  const moveto = call.number('moveto');
  const rest = config.rules.filter((_, index) => index !== pos);
  if (moveto !== undefined && moveto !== pos) {
    // counted among all rules, the moved one too
    const at = moveto > pos ? moveto - 1 : moveto;
    return write(call, {
      ...config,
      rules: [...rest.slice(0, at), ...config.rules.slice(pos, pos + 1), ...rest.slice(at)],
    });
  }
  const rule = withoutProperties(call, ruleOf(call, config.rules[pos] ?? {}));
  verifyRule(rule);
  return write(call, { ...config, rules: config.rules.map((old, index) => (index === pos ? rule : old)) });
}

function removeRule(call: Call): Json {
  const config = configOf(call);
  assertRules(call, config);
  const pos = position(call);
  return write(call, { ...config, rules: config.rules.filter((_, index) => index !== pos) });
}

function setOptions(call: Call): Json {
  const config = configOf(call);
  assertRules(call, config);
  const names = Object.keys(call.parameters).filter((name) => !NOT_OPTION.has(name));
  const options: Record<string, string> = { ...config.options };
  for (const key of call.list('delete')) {
    if (!OPTIONS.has(key)) throw parameterError({ delete: `no such option '${key}'` });
    delete options[key];
  }
  for (const name of names) options[name] = call.required(name);
  return write(call, { ...config, options });
}

export const lxcFirewallRoutes: Routes = {
  'GET /nodes/{node}/lxc/{vmid}/firewall/options': (call) => ({
    ...typedAll(configOf(call).options),
    digest: digestOf(configOf(call)),
  }),
  'PUT /nodes/{node}/lxc/{vmid}/firewall/options': setOptions,
  'GET /nodes/{node}/lxc/{vmid}/firewall/rules': rules,
  'POST /nodes/{node}/lxc/{vmid}/firewall/rules': addRule,
  'GET /nodes/{node}/lxc/{vmid}/firewall/rules/{pos}': (call) => ({
    ...typedAll(configOf(call).rules[position(call)] ?? {}),
    pos: position(call),
  }),
  'PUT /nodes/{node}/lxc/{vmid}/firewall/rules/{pos}': changeRule,
  'DELETE /nodes/{node}/lxc/{vmid}/firewall/rules/{pos}': removeRule,
};
