import { createClock } from '../../src/adapters/clock/clock.ts';
import { connectProxmox, type ProxmoxOptions, type ProxmoxPorts } from '../../src/adapters/proxmox/proxmox.ts';
import { type GitopsError, isGitopsError } from '../../src/model/errors.ts';
import type { Call } from '../../src/model/ports.ts';
import type { Connection } from '../../src/model/settings.ts';

export const TOKEN = { id: 'root@pam!gitops', secret: '00000000-0000-4000-8000-000000000001' };

export function within(timeoutMs: number, signal = new AbortController().signal): Call {
  return { timeoutMs, signal };
}

export function client(
  connection: Partial<Connection> & Pick<Connection, 'hosts' | 'trust'>,
  options: Partial<ProxmoxOptions> = {},
): ProxmoxPorts {
  return connectProxmox({ port: 8006, ...connection }, { clock: createClock(), ...options });
}

/** The error that a call ends with; a call that goes well fails the test. */
export async function refusal(work: Promise<unknown>): Promise<GitopsError> {
  try {
    await work;
  } catch (error) {
    if (isGitopsError(error)) return error;
    throw error;
  }
  throw new Error('expected an error, and the call went well');
}
