import type { Desired } from '../model/desired.ts';
import { GitopsError } from '../model/errors.ts';
import type { Call, Ports, Shell } from '../model/ports.ts';
import type { Settings } from '../model/settings.ts';
import { ContainerRun } from '../run.ts';
import { DATA, PORT } from './site-config.ts';

/** The control plane's container as it runs. */
export interface Reached {
  readonly vmid: number;
  readonly node: string;
  readonly address: string;
  /** Of Gitea, as this machine reaches it. */
  readonly url: string;
  /** Of an administrator: the bootstrap's own. */
  readonly token: string;
  /** Reads and writes repositories, and may do nothing else. */
  readonly tasksToken: string;
  /** Who signs in. */
  readonly login: string;
  readonly shell: Shell;
  close(): Promise<void>;
}

export interface ReachInput {
  readonly settings: Settings;
  readonly desired: Desired;
  readonly signal: AbortSignal;
}

/** Opens the container and reads what the bootstrap needs. Throws kind user when it is not deployed, or not ours. */
export async function reach(ports: Ports, input: ReachInput, call: Call): Promise<Reached> {
  const run = new ContainerRun(ports, { ...input, scope: 'plan' });
  try {
    const seen = await run.observe();
    if (seen.kind === 'absent' || !seen.state.running) {
      throw new GitopsError('user', `Unable to reach the control plane ${input.desired.name}: it does not run`);
    }
    const shell = await run.guest.open(seen);
    const address = await run.guest.addressOf(seen);
    const read = async (file: string): Promise<string> => {
      // In digits: what is masked already, by an earlier look, would come back as ***.
      const argv = ['od', '-An', '-v', '-tx1', `${DATA}/secrets/${file}`];
      const { exitCode, stdout } = await shell.run({ name: 'read', argv }, call);
      if (exitCode === 0) return Buffer.from(stdout.replaceAll(/\s/g, ''), 'hex').toString('utf8').trim();
      throw new GitopsError('remote', `Unable to read ${file} of the control plane: it is not configured`);
    };
    const token = await read('token');
    const tasksToken = await read('tasks-token');
    for (const secret of [token, tasksToken]) ports.secrets.mask(secret);
    const login = await read('login');
    const { vmid, node } = seen.state;
    const url = `http://${address}:${PORT}/`;
    return { vmid, node, address, url, token, tasksToken, login, shell, close: () => run.close() };
  } catch (error) {
    await run.close();
    throw error;
  }
}
