import type { Core } from '../core.ts';
import type { Values } from '../guests/config.ts';
import { checkConfigPermissions } from '../guests/config-permissions.ts';
import { checkNetworks } from '../guests/option-checks.ts';
import { mergedValues, pendingDeletes } from '../guests/pending.ts';
import { networksOf } from '../guests/spec.ts';
import { assertUnmodified, type ConfigUpdate, checkLock, updateConfig } from '../guests/update.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

/** Keys of a config that PUT does not take, and their types. */
const EXTRA_NUMBERS = new Set(['template', 'snaptime']);

/** Whole numbers and booleans are numbers in answers; everything else is text (cpulimit too, row 298). */
export function typedValue(core: Core, key: string, value: string): Json {
  const type = core.configKeys[key]?.type;
  const numeric = type === 'integer' || type === 'boolean' || EXTRA_NUMBERS.has(key);
  return numeric && /^-?\d+$/.test(value) ? Number(value) : value;
}

export function typedValues(core: Core, values: Values): { readonly [key: string]: Json } {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, typedValue(core, key, value)]));
}

function get(call: Call): Json {
  const { core, vmid } = call;
  const { config, digest } = core.guests.read('lxc', vmid);
  const raw = (lines: readonly (readonly [string, string])[]): { [key: string]: Json } =>
    lines.length === 0 ? {} : { lxc: lines.map(([key, value]) => [key, value]) };
  const name = call.text('snapshot');
  if (name !== undefined && call.flag('current')) {
    const text = "cannot use 'snapshot' parameter with 'current'";
    throw parameterError({ snapshot: text, current: text });
  }
  if (name !== undefined) {
    const snapshot = config.snapshots[name];
    if (snapshot === undefined) throw new ApiError(500, `snapshot '${name}' does not exist`);
    return { ...typedValues(core, snapshot.values), ...raw(snapshot.raw), digest };
  }
  const values = call.flag('current') ? config.values : mergedValues(config);
  return { ...typedValues(core, values), ...raw(config.raw), digest };
}

function pending(call: Call): Json {
  const { core, vmid } = call;
  const { config, digest } = core.guests.read('lxc', vmid);
  const deletes = pendingDeletes(config);
  const entries: Json[] = Object.keys(config.values).map((key) => ({
    key,
    value: typedValue(core, key, config.values[key] ?? ''),
    ...(config.pending[key] === undefined ? {} : { pending: typedValue(core, key, config.pending[key]) }),
    ...(deletes.includes(key) ? { delete: 1 } : {}),
  }));
  for (const key of Object.keys(config.pending)) {
    if (key === 'delete' || config.values[key] !== undefined) continue;
    entries.push({ key, pending: typedValue(core, key, config.pending[key] ?? '') });
  }
  return [...entries, { key: 'digest', value: digest }];
}

const CONTROL = new Set(['node', 'vmid', 'digest', 'delete', 'revert']);

/** What is to be set; JSON's null is an empty value, as it is for Proxmox VE. */
export function configValues(call: Call, without: ReadonlySet<string>): Values {
  const names = Object.keys(call.parameters).filter((name) => !without.has(name));
  return Object.fromEntries(names.map((name) => [name, call.required(name)]));
}

interface Wanted extends ConfigUpdate {
  readonly digest?: string;
}

function assertOption(call: Call, which: 'delete' | 'revert', name: string): void {
  if (call.core.configKeys[name] === undefined || CONTROL.has(name)) {
    throw parameterError({ [which]: `unknown option '${name}'` });
  }
}

function checkNames(call: Call, { set, remove, revert }: Wanted): void {
  for (const name of revert) {
    assertOption(call, 'revert', name);
    if (set[name] !== undefined) {
      throw parameterError({ revert: `you can't use '-${name}' and '-revert ${name}' at the same time` });
    }
  }
  for (const name of remove) {
    assertOption(call, 'delete', name);
    if (set[name] !== undefined) {
      throw parameterError({ delete: `you can't use '-${name}' and -delete ${name}' at the same time` });
    }
    if (revert.includes(name)) {
      throw parameterError({ delete: `you can't use '-delete ${name}' and '-revert ${name}' at the same time` });
    }
  }
}

/** Under the config's lock, in Proxmox VE's order: lock, digest, rights to take away, names, rights to set, the work. */
async function change(call: Call, wanted: Wanted): Promise<void> {
  const { core, vmid, caller } = call;
  const { config, digest } = core.guests.read('lxc', vmid);
  checkLock(config);
  assertUnmodified(wanted.digest, digest);
  const { values } = config;
  const facts = { vmid, before: values, unprivileged: values.unprivileged === '1' };
  checkConfigPermissions(core, caller, { ...facts, set: {}, remove: wanted.remove });
  checkConfigPermissions(core, caller, { ...facts, set: {}, remove: wanted.revert });
  checkNames(call, wanted);
  checkConfigPermissions(core, caller, { ...facts, set: wanted.set, remove: [] });
  const { running } = await core.backend.state(vmid);
  const errors = await updateConfig(core, { vmid, config, running }, wanted);
  // what could not be applied is not written either: it would break the config
  if (Object.keys(errors).length > 0) throw parameterError(errors);
  core.guests.write('lxc', vmid, config);
  if (config.values.template !== '1') await checkNetworks(core, networksOf(config.values));
}

async function put(call: Call): Promise<Json> {
  const set = configValues(call, CONTROL);
  const digest = call.text('digest');
  if (Object.keys(call.parameters).every((name) => ['node', 'vmid', 'digest'].includes(name))) {
    throw new ApiError(500, 'no options specified');
  }
  const wanted: Wanted = {
    set,
    remove: call.list('delete'),
    revert: call.list('revert'),
    ...(digest === undefined ? {} : { digest }),
  };
  await call.core.locks.run(call.vmid, () => change(call, wanted));
  return null;
}

export const lxcConfigRoutes: Routes = {
  'GET /nodes/{node}/lxc/{vmid}/config': get,
  'GET /nodes/{node}/lxc/{vmid}/pending': pending,
  'PUT /nodes/{node}/lxc/{vmid}/config': put,
};
