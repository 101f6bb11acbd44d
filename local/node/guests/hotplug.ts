import type { Core } from '../core.ts';
import { errorText } from '../http/answer.ts';
import { type ApplyErrors, applyMount, dropKey } from './apply-pending.ts';
import type { GuestConfig, Values } from './config.ts';
import { checkNetworks } from './option-checks.ts';
import { pendingDeletes } from './pending.ts';
import { toSpec } from './spec.ts';

/** Taken over at once whether the container runs or not (pve-container's LXC_FASTPLUG_OPTIONS, and the lock). */
const FAST = new Set([
  ...['description', 'onboot', 'startup', 'protection', 'hostname', 'hookscript', 'cores', 'tags', 'lock', 'template'],
]);

/** Limits and interfaces that a running container takes. */
const LIVE = /^(?:cpulimit|cpuunits|memory|swap|net\d+)$/;

/**
 * A new interface is added; one whose MAC or name changes is taken out first. Both steps are written at once, so that they
 * survive a later failure (row 422).
 */
async function plugNetwork(
  core: Core,
  vmid: number,
  config: GuestConfig,
  key: string,
  change: (values: Values) => Promise<void>,
): Promise<void> {
  const next = core.networks.parse(config.pending[key] ?? '');
  const text = config.values[key];
  const before = text === undefined ? undefined : core.networks.parse(text);
  if (before !== undefined && (before.hwaddr !== next.hwaddr || before.name !== next.name)) {
    const { [key]: _gone, ...without } = config.values;
    await change(without);
    core.guests.write('lxc', vmid, config);
  }
  const value = core.networks.print(next);
  await checkNetworks(core, { [key]: value });
  await change({ ...config.values, [key]: value });
  delete config.pending[key];
  core.guests.write('lxc', vmid, config);
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
      if (key.startsWith('net')) {
        await plugNetwork(core, vmid, config, key, change);
        return;
      }
      await change({ ...config.values, [key]: pending });
      delete config.pending[key];
    });
  }
  for (const key of waiting.filter((name) => /^mp\d+$/.test(name) && config.values[name] === undefined)) {
    await attempt(key, () => applyMount(core, { vmid, config, running: true }, key));
  }
  return errors;
}
