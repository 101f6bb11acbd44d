import { join } from 'node:path';
import { GitopsError } from '../../model/errors.ts';
import type { Call, Clock, Shell, Shells, Target } from '../../model/ports.ts';
import type { Mask } from '../process/mask.ts';
import { makePrivateDirectory, removePrivateDirectory } from '../process/private-directory.ts';
import { abortError, duration } from '../process/program-errors.ts';
import { connectFailure } from './connect-failure.ts';
import { openConnection } from './connection.ts';
import { pinHostKeys } from './host-key-pins.ts';
import { isOnLink } from './on-link.ts';
import { PROBE_TEXT, type Probe, probe } from './probe.ts';
import { createShell } from './shell.ts';

/** Logins take seconds; what is opened stays open when its certificate ends. */
const CERTIFICATE_MINUTES = 5;
/** The first probe is short: what a container misses while it comes up is sent again after a second at the earliest. */
const FIRST_PROBE_MS = 300;
const LONGEST_PROBE_MS = 3_000;
const ANSWER_MS = 1_500;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
/** A container that was just started comes up within that: until then no pause is longer than SHORT_PAUSE_MS. */
const SOON_MS = 10_000;
const SHORT_PAUSE_MS = 100;
/** A certificate that has waited longer for its container is made anew. */
const FRESH_MS = 60_000;
/** Of pauses and probes: what is waited too long is a part of what was waited anyway. */
const GROWTH = 1.3;

/** Who signs for a login: the keys adapter. */
export interface Certificates {
  certificate(principal: string, minutes: number, call: Call): Promise<Certificate>;
}

interface Certificate {
  readonly identityFile: string;
  readonly certificateFile: string;
  close(): Promise<void>;
}

export interface ShellsOptions {
  readonly certificates: Certificates;
  readonly clock: Clock;
  readonly mask?: Mask;
  /** 22 unless said otherwise. */
  readonly port?: number;
  /** root unless said otherwise. */
  readonly user?: string;
}

export function createShells(options: ShellsOptions): Shells {
  return {
    open: (target, call) => openShell(options, target, call),
    async answers(address, call) {
      // Firewalls that drop everything look like a free address: this is a hint, no proof.
      const timeoutMs = Math.min(call.timeoutMs, ANSWER_MS);
      const ports = [22, 80, 443];
      const found = ports.map((port) => probe({ address, port, timeoutMs, banner: false, signal: call.signal }));
      // Refused is an answer too, but from another network it may be a firewall's and not the address's own.
      const taken: readonly Probe[] = isOnLink(address) ? ['open', 'refused', 'closed'] : ['open'];
      return (await Promise.all(found)).some((result) => taken.includes(result));
    },
    async openPorts(address, ports, call) {
      const timeoutMs = Math.min(call.timeoutMs, ANSWER_MS);
      const found = ports.map((port) => probe({ address, port, timeoutMs, banner: false, signal: call.signal }));
      const results = await Promise.all(found);
      return ports.filter((_, index) => results[index] === 'open');
    },
  };
}

async function openShell(options: ShellsOptions, target: Target, call: Call): Promise<Shell> {
  const place = `container ${target.vmid} at ${target.address}`;
  if (!/^[0-9A-Za-z:][\w.:%-]*$/.test(target.address)) {
    throw new GitopsError('user', `Unable to connect to ${place}: this is no address`);
  }
  const began = performance.now();
  const until = began + call.timeoutMs;
  const login = prepareLogin(options, call);
  try {
    return await reach(options, target, call, { place, began, until, login });
  } finally {
    await login.close();
  }
}

interface Reaching {
  /** For messages. */
  readonly place: string;
  /** Of performance.now(), as `until`. */
  readonly began: number;
  readonly until: number;
  readonly login: Login;
}

async function reach(
  options: ShellsOptions,
  target: Target,
  call: Call,
  { place, began, until, login }: Reaching,
): Promise<Shell> {
  let reason = PROBE_TEXT.timeout;
  let probeMs = FIRST_PROBE_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * GROWTH, LONGEST_PAUSE_MS)) {
    if (call.signal.aborted) throw abortError(`connecting to ${place}`, call.signal);
    const leftMs = until - performance.now();
    if (leftMs <= 0) throw unreachable(place, reason, call.timeoutMs);
    const result = await probeSsh(options, target, { ...call, timeoutMs: Math.min(leftMs, probeMs) });
    probeMs = Math.min(probeMs * GROWTH, LONGEST_PROBE_MS);
    if (result === 'banner') {
      const attempt = await connectOnce(options, target, { ...call, timeoutMs: until - performance.now() }, login);
      if (typeof attempt === 'object') return attempt;
      reason = attempt;
    } else {
      reason = PROBE_TEXT[result];
    }
    const now = performance.now();
    const longest = now - began < SOON_MS ? SHORT_PAUSE_MS : LONGEST_PAUSE_MS;
    const pause = Math.min(pauseMs, longest, Math.max(0, until - now));
    await options.clock.sleep(pause, call.signal).catch(() => undefined);
  }
}

function probeSsh(options: ShellsOptions, target: Target, call: Call): Promise<Probe> {
  return probe({ address: target.address, port: options.port ?? 22, banner: true, ...call });
}

interface Login {
  /** For one attempt, which closes it. */
  certificate(call: Call): Promise<Certificate>;
  /** Removes what nobody took. */
  close(): Promise<void>;
}

/** The certificate of the first attempt is made while the container comes up. */
function prepareLogin({ certificates, user = 'root' }: ShellsOptions, first: Call): Login {
  const make = (call: Call): Promise<Certificate> => certificates.certificate(user, CERTIFICATE_MINUTES, call);
  const began = performance.now();
  let early: Promise<Certificate> | undefined = make(first);
  // Whoever takes it is told.
  early.catch(() => undefined);
  const drop = async (): Promise<void> => {
    const dropped = early;
    early = undefined;
    await (await dropped?.catch(() => undefined))?.close();
  };
  return {
    async certificate(call) {
      if (performance.now() - began > FRESH_MS) await drop();
      const made = early ?? make(call);
      early = undefined;
      return made;
    },
    close: drop,
  };
}

/** A shell, or why it may work later. */
async function connectOnce(options: ShellsOptions, target: Target, call: Call, login: Login): Promise<Shell | string> {
  const name = `the connection to container ${target.vmid} at ${target.address}`;
  const directory = await makePrivateDirectory();
  const controlPath = join(directory, 'control');
  const undo: (() => Promise<void>)[] = [() => removePrivateDirectory(directory)];
  const limit = AbortSignal.any([call.signal, AbortSignal.timeout(Math.max(1, Math.ceil(call.timeoutMs)))]);
  let opened = false;
  try {
    const pins = await pinHostKeys(directory, target.hostKeys);
    const certificate = await login.certificate(call);
    undo.unshift(() => certificate.close());
    const master = {
      address: target.address,
      port: options.port ?? 22,
      user: options.user ?? 'root',
      controlPath,
      identityFile: certificate.identityFile,
      certificateFile: certificate.certificateFile,
      knownHostsCommand: pins.command,
      connectTimeoutSeconds: Math.max(1, Math.ceil(call.timeoutMs / 1000)),
    };
    const connection = openConnection(name, master, options.mask);
    undo.unshift(() => connection.close());
    const guardDirectory = await Promise.race([connection.ready, aborted(limit)]);
    if (call.signal.aborted) throw abortError(name, call.signal);
    if (guardDirectory === undefined) {
      if (limit.aborted) return `the login did not end: ${connection.stderr().trim() || 'no answer'}`;
      const failure = connectFailure(target, connection.stderr(), await pins.offered());
      if (failure.kind === 'final') throw failure.error;
      return failure.reason;
    }
    // The login is done: nobody needs the key any more.
    await certificate.close();
    opened = true;
    const { mask } = options;
    return createShell({
      target,
      connection,
      controlPath,
      guardDirectory,
      ...(mask === undefined ? {} : { mask }),
      onClose: () => removePrivateDirectory(directory),
    });
  } finally {
    if (!opened) for (const step of undo) await step();
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}

function unreachable(place: string, reason: string, limitMs: number): GitopsError {
  const advice =
    reason === PROBE_TEXT.refused
      ? ['Something answers, but no SSH server: is openssh-server part of the template, and is its service running?']
      : [
          'Is the container running, are its address, gateway and bridge right, and can this machine reach that network?',
        ];
  return new GitopsError('remote', `Unable to connect to ${place}: no SSH within ${duration(limitMs)}: ${reason}`, {
    advice,
  });
}
