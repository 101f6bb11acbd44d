import { assertQuorum } from '../cluster.ts';
import { shutdownContainer, startContainer, stopContainer } from '../guests/power.ts';
import { checkLock } from '../guests/update.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import type { Work } from '../tasks/tasks.ts';
import type { Call, Routes } from './call.ts';

/** Seconds for a clean end when the call does not say. */
const SHUTDOWN_TIMEOUT = 60;

async function isRunning(call: Call): Promise<boolean> {
  return (await call.core.backend.state(call.vmid)).running;
}

async function assertRunning(call: Call, kind = 'CT'): Promise<void> {
  if (!(await isRunning(call))) throw new ApiError(500, `${kind} ${call.vmid} not running`);
}

function skipLock(call: Call): boolean {
  if (call.flag('skiplock') && !call.isRoot) throw parameterError({ skiplock: 'Only root may use this option.' });
  return call.flag('skiplock');
}

function begin(call: Call, type: string, work: Work): string {
  return call.core.tasks.start(type, String(call.vmid), call.authuser, work);
}

/** A container that HA manages is not started or stopped: the wish is noted for the manager, which is not here. */
function requestHa(call: Call, verb: 'start' | 'stop'): string {
  const { core, vmid } = call;
  return begin(call, `ha${verb}`, async (task) => {
    task.log(`Requesting HA ${verb} for CT ${vmid}`);
    core.ha.update((value) => {
      const resource = value[`ct:${vmid}`];
      if (resource !== undefined)
        value[`ct:${vmid}`] = { ...resource, state: verb === 'start' ? 'started' : 'stopped' };
    });
  });
}

/** An ignored resource is as if it were none. */
function isManaged({ core, vmid }: Call): boolean {
  const resource = core.ha.value[`ct:${vmid}`];
  return resource !== undefined && resource.state !== 'ignored';
}

async function start(call: Call): Promise<Json> {
  const { core, vmid } = call;
  const skip = skipLock(call);
  if (await isRunning(call)) throw new ApiError(500, `CT ${vmid} already running`);
  assertQuorum(core);
  if (isManaged(call)) return requestHa(call, 'start');
  return begin(call, 'vzstart', (task) => startContainer(core, task, vmid, skip));
}

async function stop(call: Call): Promise<Json> {
  const { core, vmid } = call;
  const skip = skipLock(call);
  await assertRunning(call);
  if (isManaged(call)) {
    if (call.flag('overrule-shutdown')) {
      throw parameterError({ 'overrule-shutdown': 'Not applicable for HA resources.' });
    }
    return requestHa(call, 'stop');
  }
  return begin(call, 'vzstop', (task) => stopContainer(core, task, vmid, skip));
}

async function shutdown(call: Call): Promise<Json> {
  const { core, vmid } = call;
  await assertRunning(call);
  if (isManaged(call)) return requestHa(call, 'stop');
  const options = { timeout: call.number('timeout') ?? SHUTDOWN_TIMEOUT, force: call.flag('forceStop') };
  return begin(call, 'vzshutdown', (task) => shutdownContainer(core, task, vmid, options));
}

async function reboot(call: Call): Promise<Json> {
  const { core, vmid } = call;
  await assertRunning(call, 'VM');
  const timeout = call.number('timeout') ?? SHUTDOWN_TIMEOUT;
  return begin(call, 'vzreboot', async (task) => {
    await shutdownContainer(core, task, vmid, { timeout, force: true });
    await startContainer(core, task, vmid, false);
  });
}

/** Freezing to disk needs CRIU, which Proxmox VE does not bring: the tasks fail as they do there (rows 344, 385). */
async function suspend(call: Call): Promise<Json> {
  const { core, vmid } = call;
  await assertRunning(call);
  return begin(call, 'vzsuspend', async () => {
    checkLock(core.guests.read('lxc', vmid).config);
    throw new ApiError(500, `command 'lxc-checkpoint -n ${vmid} -s -D /var/lib/vz/dump' failed: exit code 1`);
  });
}

async function resume(call: Call): Promise<Json> {
  const { vmid } = call;
  if (await isRunning(call)) throw new ApiError(500, `CT ${vmid} already running`);
  return begin(call, 'vzresume', async () => {
    throw new ApiError(
      500,
      `command 'lxc-checkpoint -n ${vmid} -r --foreground -D /var/lib/vz/dump' failed: exit code 1`,
    );
  });
}

export const lxcPowerRoutes: Routes = {
  'POST /nodes/{node}/lxc/{vmid}/status/start': start,
  'POST /nodes/{node}/lxc/{vmid}/status/stop': stop,
  'POST /nodes/{node}/lxc/{vmid}/status/shutdown': shutdown,
  'POST /nodes/{node}/lxc/{vmid}/status/reboot': reboot,
  'POST /nodes/{node}/lxc/{vmid}/status/suspend': suspend,
  'POST /nodes/{node}/lxc/{vmid}/status/resume': resume,
};
