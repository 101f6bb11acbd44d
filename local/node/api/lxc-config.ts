import type { Core } from '../core.ts';
import type { Values } from '../guests/config.ts';
import { checkConfigPermissions } from '../guests/config-permissions.ts';
import { checkBridges } from '../guests/hotplug.ts';
import { mergedValues, pendingDeletes } from '../guests/pending.ts';
import { checkLock, updateConfig } from '../guests/update.ts';
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

function checkNames(call: Call, which: 'delete' | 'revert', names: readonly string[]): void {
  for (const name of names) {
    if (call.parameters[name] !== undefined && !CONTROL.has(name)) {
      throw parameterError({ [which]: `you can't use '-${name}' and -${which} ${name}' at the same time` });
    }
    if (call.core.configKeys[name] === undefined || CONTROL.has(name)) {
      throw parameterError({ [which]: `unknown option '${name}'` });
    }
  }
}

async function put(call: Call): Promise<Json> {
  const { core, vmid, caller } = call;
  const set = configValues(call, CONTROL);
  const remove = call.list('delete');
  const revert = call.list('revert');
  if (Object.keys(set).length === 0 && remove.length === 0 && revert.length === 0) {
    throw new ApiError(500, 'no options specified');
  }
  checkNames(call, 'revert', revert);
  checkNames(call, 'delete', remove);
  const before = core.guests.read('lxc', vmid).config.values;
  const change = { vmid, before, unprivileged: before.unprivileged === '1' };
  checkConfigPermissions(core, caller, { ...change, set: {}, remove });
  checkConfigPermissions(core, caller, {
    ...change,
    set: {},
    remove: revert.filter((key) => before[key] !== undefined),
  });
  checkConfigPermissions(core, caller, { ...change, set, remove: [] });
  await core.locks.run(vmid, async () => {
    const { config, digest } = core.guests.read('lxc', vmid);
    checkLock(config);
    const expected = call.text('digest');
    if (expected !== undefined && expected !== digest) {
      throw new ApiError(500, 'detected modified configuration - file changed by other user? Try again.');
    }
    const { running } = await core.backend.state(vmid);
    const errors = await updateConfig(core, { vmid, config, running }, { set, remove, revert });
    const failed = Object.keys(errors).length > 0;
    if (failed && running) throw parameterError(errors);
    core.guests.write('lxc', vmid, config);
    await checkBridges(core, config.values);
    if (failed) throw parameterError(errors);
  });
  return null;
}

export const lxcConfigRoutes: Routes = {
  'GET /nodes/{node}/lxc/{vmid}/config': get,
  'GET /nodes/{node}/lxc/{vmid}/pending': pending,
  'PUT /nodes/{node}/lxc/{vmid}/config': put,
};
