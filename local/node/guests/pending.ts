import { splitList } from '../schema/validate.ts';
import type { GuestConfig, Values } from './config.ts';

/** Keys that wait to be removed. A `!` before a key (forced) is not used for containers. */
export function pendingDeletes(config: GuestConfig): readonly string[] {
  return splitList(config.pending.delete ?? '');
}

export function setPendingDeletes(config: GuestConfig, keys: readonly string[]): void {
  if (keys.length === 0) delete config.pending.delete;
  else config.pending.delete = [...new Set(keys)].sort().join(',');
}

export function withoutPendingDelete(config: GuestConfig, key: string): void {
  setPendingDeletes(
    config,
    pendingDeletes(config).filter((other) => other !== key),
  );
}

/** Drops what would change nothing: pending values that are the active ones, deletions of what is not there. */
export function cleanupPending(config: GuestConfig): void {
  for (const key of Object.keys(config.pending)) {
    if (key !== 'delete' && config.values[key] === config.pending[key]) delete config.pending[key];
  }
  setPendingDeletes(
    config,
    pendingDeletes(config).filter((key) => config.values[key] !== undefined),
  );
}

/** Active values as they will be once the pending ones are applied: what GET config shows by default. */
export function mergedValues(config: GuestConfig): Values {
  const { delete: _delete, ...pending } = config.pending;
  const merged: Values = { ...config.values, ...pending };
  for (const key of pendingDeletes(config)) delete merged[key];
  return merged;
}
