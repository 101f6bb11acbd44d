import { randomBytes } from 'node:crypto';
import type { AnsiblePlace, AnsibleTarget, OpenAnsiblePlace } from '../configure/ansible.ts';
import { CLOSE_LOGIN, OPEN_LOGIN } from '../configure/ansible-scripts.ts';
import { GitopsError } from '../model/errors.ts';
import type { Call, Ports, Shell } from '../model/ports.ts';
import type { RunOptions } from '../run.ts';
import type { Job } from './container.ts';

/** After the run's own limit, so that its end is a matter of the run and not of the login. */
const SPARE_MINUTES = 2;
const CLOSE_MS = 30_000;

/**
 * Where the playbooks of a run run. undefined: inside the container that they configure, as the setting says, or because the
 * node is a simulated one.
 */
export function ansiblePlace(ports: Ports, options: RunOptions, target: AnsibleTarget): OpenAnsiblePlace | undefined {
  const { ansiblePlace: place = 'job', simulated } = options.settings;
  if (place === 'target' || simulated !== undefined) return undefined;
  return async (shell, call) => {
    ports.reporter.tell({ kind: 'line', text: 'making a container for Ansible, without credentials' });
    const { openJob } = await import('./container.ts');
    const job = await openJob(ports, options, { vmid: target.vmid, node: target.node, programs: 'ansible' });
    try {
      return await openLogin(ports, shell, job, target, call);
    } catch (error) {
      await job.close().catch(() => undefined);
      throw error;
    }
  };
}

/**
 * A certificate that opens this container and no other: its principal stands in this one only, for the job's address and for
 * the time of the run.
 */
async function openLogin(
  ports: Ports,
  target: Shell,
  job: Job,
  { vmid, address }: AnsibleTarget,
  call: Call,
): Promise<AnsiblePlace> {
  const minutes = Math.ceil(call.timeoutMs / 60_000) + SPARE_MINUTES;
  const principal = `pve-gitops-job-${vmid}-${randomBytes(8).toString('hex')}`;
  const login = await ports.keys.login(principal, { minutes, from: job.address }, call);
  const now = ports.clock.now().getTime();
  const until = String(Math.ceil(now / 1000) + minutes * 60);
  const argv = ['sh', '-c', OPEN_LOGIN, 'pve-gitops', principal, job.address, until];
  const { exitCode, stdout, stderr } = await target.run({ name: 'open the login of Ansible', argv }, call);
  const keys = stdout.split('\n').filter((line) => /^(ssh|ecdsa)-\S+ AAAA\S+$/.test(line));
  if (exitCode !== 0 || keys.length === 0) {
    const reason = stderr.trim().split('\n').at(-1) ?? '';
    throw new GitopsError('remote', `Unable to let Ansible into container ${vmid}: ${reason || 'no host keys'}`);
  }
  return {
    shell: job.shell,
    login: { address, ...login, knownHosts: keys.map((key) => `${address} ${key}\n`).join('') },
    async close() {
      const command = { name: 'close the login of Ansible', argv: ['sh', '-c', CLOSE_LOGIN] };
      const own = { timeoutMs: CLOSE_MS, signal: new AbortController().signal };
      // The job goes first: nobody is left then who could use the login.
      const ended = await Promise.allSettled([job.close(), target.run(command, own)]);
      for (const { text } of ended.flatMap((result) =>
        result.status === 'rejected' ? [{ text: String(result.reason) }] : [],
      )) {
        ports.reporter.tell({ kind: 'warning', text: `after the playbook: ${text}` });
      }
    },
  };
}
