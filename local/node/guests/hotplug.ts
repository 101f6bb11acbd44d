import type { Core } from '../core.ts';
import { errorText } from '../http/answer.ts';
import { type ApplyErrors, applyMount, dropKey } from './apply-pending.ts';
import type { GuestConfig, Values } from './config.ts';
import { pendingDeletes } from './pending.ts';
import { indexedKeys, toSpec } from './spec.ts';

/** Taken over at once whether the container runs or not (pve-container's LXC_FASTPLUG_OPTIONS, and the lock). */
const FAST = new Set([
  ...['description', 'onboot', 'startup', 'protection', 'hostname', 'hookscript', 'cores', 'tags', 'lock', 'template'],
]);

/** Limits and interfaces that a running container takes. */
const LIVE = /^(?:cpulimit|cpuunits|memory|swap|net\d+)$/;

/** Throws Proxmox VE's text for the first interface whose bridge is not there. */
export async function checkBridges(core: Core, values: Values): Promise<void> {
  const bridges = await core.backend.bridges();
  for (const key of indexedKeys(values, 'net')) {
    const bridge = core.networks.parse(values[key] ?? '').bridge;
    if (bridge !== undefined && !bridges.includes(bridge)) throw new Error(`bridge '${bridge}' does not exist`);
  }
}

/**
 * Applies to a running container what can be; the rest stays pending. The result has a text per key that failed: the
 * caller then writes nothing (rows 451 and 454).
 */
export async function hotplugPending(
  core: Core,
  vmid: number,
  config: GuestConfig,
  selected: (key: string) => boolean,
): Promise<ApplyErrors> {
  const errors: Record<string, string> = {};
  const attempt = async (key: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      const text = errorText(error);
      errors[key] = `unable to hotplug ${key}: ${text}${text.endsWith('\n') ? '' : '\n'}`;
    }
  };
  /** Tells the back end; the values are kept only when it agrees. */
  const change = async (values: Values): Promise<void> => {
    await core.backend.change(toSpec(core, vmid, config.values), toSpec(core, vmid, values));
    config.values = values;
  };
  const deletes = pendingDeletes(config).filter(selected);
  const waiting = Object.keys(config.pending)
    .filter((key) => key !== 'delete' && selected(key))
    .sort();

  const fast = waiting.filter((key) => FAST.has(key));
  const fastDeletes = deletes.filter((key) => FAST.has(key));
  if (fast.length + fastDeletes.length > 0) {
    const values: Values = { ...config.values };
    for (const key of fastDeletes) delete values[key];
    for (const key of fast) values[key] = config.pending[key] ?? '';
    await change(values);
    for (const key of fast) delete config.pending[key];
    for (const key of fastDeletes) await dropKey(core, vmid, config, key);
  }
  for (const key of deletes) {
    if (key.startsWith('unused')) await attempt(key, () => dropKey(core, vmid, config, key));
    if (!LIVE.test(key)) continue;
    await attempt(key, async () => {
      const { [key]: _gone, ...values } = config.values;
      await change(values);
      await dropKey(core, vmid, config, key);
    });
  }
  for (const key of waiting.filter((name) => LIVE.test(name))) {
    await attempt(key, async () => {
      const pending = config.pending[key] ?? '';
      const value = key.startsWith('net') ? core.networks.normalize(pending) : pending;
      const values = { ...config.values, [key]: value };
      if (key.startsWith('net')) await checkBridges(core, { [key]: value });
      await change(values);
      delete config.pending[key];
      // an interface's change is written at once, so that it survives a later key's failure
      if (key.startsWith('net')) core.guests.write('lxc', vmid, config);
    });
  }
  for (const key of waiting.filter((name) => /^mp\d+$/.test(name) && config.values[name] === undefined)) {
    await attempt(key, () => applyMount(core, { vmid, config, running: true }, key));
  }
  return errors;
}
