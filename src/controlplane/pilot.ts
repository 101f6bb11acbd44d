import { call, DEADLINES } from '../apply/deadlines.ts';
import { GitopsError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';
import type { Call, Ports, Shell } from '../model/ports.ts';
import type { RunOptions } from '../run.ts';
import { programsOfHere } from './elsewhere.ts';
import { dismiss, openPilot } from './pilot-container.ts';
import { PILOT_SCRIPT, pilotEnvironment } from './pilot-script.ts';
import { reach } from './reach.ts';
import { DATA } from './site-config.ts';

/** Longer than any replace takes; then the pilot's work is ended. */
export const PILOT_MINUTES = 45;
const HOME = '/opt/pve-gitops';
const PREPARE_MS = 10 * 60_000;

export interface PilotRequest {
  readonly options: Omit<RunOptions, 'scope'>;
  /** Where the definition is checked out, and the programs that deploy it are: the actions' own. */
  readonly definition: string;
  readonly actions: string;
  /** Handed to the actions as the runner does it: GITHUB_… and what the forge knows the run by. */
  readonly run: Readonly<Record<string, string>>;
  readonly desired: string;
  readonly mode: string;
}

export interface Sent {
  readonly pilot: string;
  readonly text: string;
}

/** A change that ends what carries it out: the run is in the container that would stop. */
export function needsPilot(plan: Plan | undefined): boolean {
  return plan?.steps.some(({ disruption, kind }) => disruption !== 'none' && kind !== 'configure') === true;
}

/** Whether a container with one of these addresses is the one that this runs in. */
export function isHere(address: string, own: readonly string[]): boolean {
  return own.includes(address);
}

/**
 * Hands a deploy of the control plane to a container of its own, which waits for the end of this run, carries it out, says what
 * came of it, and has the control plane take it away. What it is given: the definition, the actions, the site's settings and keys.
 */
export async function sendPilot(ports: Ports, request: PilotRequest): Promise<Sent> {
  const { options, run } = request;
  const { signal, desired, settings } = options;
  const reached = await reach(ports, { settings, desired, signal }, call(DEADLINES.read, signal));
  const { vmid, node, tasksToken } = reached;
  // What a run of the control plane calls the forge may be its own name for itself.
  const server = reached.url.replace(/\/+$/, '');
  await reached.close();
  const job = await openPilot(ports, options, { vmid, node });
  try {
    ports.reporter.tell({ kind: 'started', what: `giving pilot ${job.vmid} what it needs` });
    const at: Call = { timeoutMs: PREPARE_MS, signal };
    await must(job.shell, 'prepare the pilot', ['sh', '-c', PREPARE], at);
    const programs = await programsOfHere(ports.source, request.definition);
    const copies: readonly (readonly [string, string])[] = [
      [request.definition, `${HOME}/definition`],
      [request.actions, `${HOME}/actions`],
      [`${DATA}/site`, `${DATA}/site`],
      [`${DATA}/state`, `${DATA}/state`],
      ...programs.map(([name, folder]) => [folder, `${HOME}/definition/programs/${name}`] as const),
    ];
    for (const [from, to] of copies) await copy(ports, job.shell, from, to, at);
    const environment = pilotEnvironment({
      run: { ...run, GITHUB_SERVER_URL: server },
      token: tasksToken,
      desired: request.desired,
      mode: request.mode,
      home: HOME,
    });
    await must(
      job.shell,
      'write what the pilot is to do',
      ['sh', '-c', 'umask 077; cat >"$0"', `${HOME}/job.json`],
      at,
      environment,
    );
    await must(
      job.shell,
      'write the pilot’s program',
      ['sh', '-c', 'cat >"$0"', `${HOME}/pilot.mjs`],
      at,
      PILOT_SCRIPT,
    );
    const unit = ['--unit=pve-gitops-pilot', `--property=RuntimeMaxSec=${PILOT_MINUTES}min`, '--collect'];
    await must(job.shell, 'start the pilot', ['systemd-run', ...unit, 'node', `${HOME}/pilot.mjs`], at);
    ports.reporter.tell({ kind: 'finished', what: `giving pilot ${job.vmid} what it needs` });
    await job.shell.close();
  } catch (error) {
    await job.close().catch(() => undefined);
    throw error;
  }
  const pilot = `pilot ${job.vmid}`;
  const text = `${pilot} carries it out once this run has ended: container ${vmid} stops for it, and the commit’s status says what came of it`;
  return { pilot, text };
}

/** The pilot of a run before has ended when the control plane runs again for the same container. */
export async function dismissPilot(ports: Ports, options: Omit<RunOptions, 'scope'>, vmid: number): Promise<void> {
  if (await dismiss(ports, options, vmid)) {
    ports.reporter.tell({ kind: 'note', text: 'the pilot of the run before has done its work: it is destroyed' });
  }
}

const PREPARE = `
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >/dev/null
apt-get install -q -y --no-install-recommends nodejs openssh-client ca-certificates git >/dev/null
mkdir -p ${HOME} && chmod 0700 ${HOME}
`;

async function copy({ source }: Ports, shell: Shell, from: string, to: string, at: Call): Promise<void> {
  const unpack = 'umask 077; mkdir -p "$0" && tar --extract --no-same-owner --directory "$0" && chmod -R go= "$0"';
  await must(shell, `copy ${from}`, ['sh', '-c', unpack, to], at, source.archive(from));
}

async function must(
  shell: Shell,
  name: string,
  argv: readonly string[],
  at: Call,
  input?: string | AsyncIterable<Uint8Array>,
): Promise<void> {
  const given = typeof input === 'string' ? new TextEncoder().encode(input) : input;
  const { exitCode, stderr } = await shell.run({ name, argv, ...(given === undefined ? {} : { input: given }) }, at);
  if (exitCode === 0) return;
  throw new GitopsError('remote', `Unable to ${name}: ${stderr.trim().split('\n').at(-1) ?? exitCode}`);
}
