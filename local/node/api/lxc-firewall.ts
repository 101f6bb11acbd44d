import { createHash } from 'node:crypto';
import type { FirewallConfig } from '../core.ts';
import { ApiError, type Json } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

/** Nothing here filters packets: rules and options are kept and given back. */
const EMPTY: FirewallConfig = { options: {}, rules: [] };
const NOT_RULE = new Set(['node', 'vmid', 'pos', 'digest', 'delete', 'moveto']);
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

function given(call: Call): Record<string, string> {
  const names = Object.keys(call.parameters).filter((name) => !NOT_RULE.has(name));
  return Object.fromEntries(names.map((name) => [name, call.required(name)]));
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
  return write(call, { ...config, rules: [{ enable: '0', ...given(call) }, ...config.rules] });
}

function changeRule(call: Call): Json {
  const config = configOf(call);
  const pos = position(call);
  const changed = config.rules.map((rule, index) => (index === pos ? { ...rule, ...given(call) } : rule));
  return write(call, { ...config, rules: changed });
}

function removeRule(call: Call): Json {
  const config = configOf(call);
  const pos = position(call);
  return write(call, { ...config, rules: config.rules.filter((_, index) => index !== pos) });
}

function setOptions(call: Call): Json {
  const config = configOf(call);
  const options = { ...config.options, ...given(call) };
  for (const key of call.list('delete')) delete options[key];
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
