import type { Core } from '../core.ts';
import { ApiError } from '../http/answer.ts';
import type { TaskContext } from '../tasks/tasks.ts';
import { applyPending } from './apply-pending.ts';
import { checkNetworks } from './option-checks.ts';
import { networksOf, toSpec } from './spec.ts';
import { checkLock } from './update.ts';

/** Runs under the container's lock; says in the log when it has to wait. */
export async function underLock<T>(core: Core, task: TaskContext, vmid: number, work: () => Promise<T>): Promise<T> {
  let waited = false;
  return core.locks.run(
    vmid,
    () => {
      if (waited) task.log(' OK');
      return work();
    },
    () => {
      waited = true;
      task.log('trying to acquire lock...');
    },
  );
}

/** Pending changes come into force, then the container starts. The config's lock is checked unless told not to. */
export async function startContainer(core: Core, task: TaskContext, vmid: number, skipLock: boolean): Promise<void> {
  await underLock(core, task, vmid, async () => {
    const { config } = core.guests.read('lxc', vmid);
    if (config.values.template === '1') throw new ApiError(500, "you can't start a CT if it's a template");
    if (!skipLock && config.values.lock !== 'mounted') checkLock(config);
    if ((await core.backend.state(vmid)).running) throw new ApiError(500, `CT ${vmid} already running`);
    const errors = await applyPending(core, vmid, config);
    core.guests.write('lxc', vmid, config);
    for (const text of Object.values(errors)) task.log(text.trimEnd());
    await checkNetworks(core, networksOf(config.values));
    await core.backend.start(toSpec(core, vmid, config.values), task.log, task.signal);
  });
}

export async function stopContainer(core: Core, task: TaskContext, vmid: number, skipLock: boolean): Promise<void> {
  await underLock(core, task, vmid, async () => {
    const { config } = core.guests.read('lxc', vmid);
    if (!skipLock) checkLock(config);
    await core.backend.stop(vmid, task.log);
  });
}

/** A container that does not end in time is stopped when that is asked for, and else left to end by itself. */
export async function shutdownContainer(
  core: Core,
  task: TaskContext,
  vmid: number,
  options: { readonly timeout: number; readonly force: boolean },
): Promise<void> {
  await underLock(core, task, vmid, async () => {
    checkLock(core.guests.read('lxc', vmid).config);
    const ended = await core.backend.shutdown(vmid, options.timeout, task.log);
    if (ended) return;
    if (options.force) await core.backend.stop(vmid, task.log);
    else task.log(`command 'lxc-stop -n ${vmid} --nokill --timeout ${options.timeout}' failed: exit code 1`);
  });
}
