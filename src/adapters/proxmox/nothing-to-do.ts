import type { SettledTask } from '../../model/ports.ts';

/** The server said that things are already as wanted: no task ran, so the upid is empty. */
export function nothingToDo(): SettledTask {
  return { upid: '', warnings: [], log: [] };
}
