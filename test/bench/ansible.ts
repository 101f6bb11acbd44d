import { join } from 'node:path';
import { clientPython, findPython } from '../integration/clients/environment.ts';
import { type BenchSite, run } from './site.ts';

export interface Play {
  readonly milliseconds: number;
  readonly apiCalls: number;
  /** `changed=5 failed=0` and so on, of every host. */
  readonly changed: number;
}

const VMID = 910;

/** The venv's Python with Ansible; undefined: this machine has no Python that can make it. */
export async function ansiblePython(): Promise<string | undefined> {
  const python = await findPython();
  return python === undefined ? undefined : await clientPython(python);
}

/** The playbook once, as somebody would run it. */
export async function playApache(root: string, site: BenchSite, python: string, template: string): Promise<Play> {
  const { node, key, prefix, folder } = site;
  const [, name = ''] = node.token.id.split('!');
  const variables = { vmid: VMID, template, address: `${prefix}.9.10`, gateway: node.gateway ?? '', key };
  const playbook = join(root, 'test', 'bench', 'playbooks', 'apache.yml');
  await site.calls();
  const began = performance.now();
  const { stdout } = await run(
    python,
    ['-m', 'ansible', 'playbook', '-i', 'localhost,', '-e', JSON.stringify(variables), playbook],
    {
      cwd: folder,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: folder,
        LC_ALL: 'C.UTF-8',
        ANSIBLE_PYTHON_INTERPRETER: python,
        ANSIBLE_SSH_ARGS: `-o ControlMaster=auto -o ControlPersist=60s -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=${folder}/known-ansible`,
        PROXMOX_HOST: '127.0.0.1',
        PROXMOX_PORT: String(node.port),
        PROXMOX_USER: node.user,
        PROXMOX_TOKEN_ID: name,
        PROXMOX_TOKEN_SECRET: node.token.secret,
        PROXMOX_VALIDATE_CERTS: 'true',
        REQUESTS_CA_BUNDLE: node.ca,
      },
      maxBuffer: 1 << 26,
      timeout: 600_000,
    },
  );
  const milliseconds = performance.now() - began;
  const changed = [...stdout.matchAll(/\bchanged=(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
  return { milliseconds, apiCalls: await site.calls(), changed };
}

export async function removePlayed(site: BenchSite): Promise<void> {
  await site.task('POST', `/nodes/pve/lxc/${VMID}/status/stop`).catch(() => undefined);
  await site.task('DELETE', `/nodes/pve/lxc/${VMID}`);
  await run('rm', ['-f', join(site.folder, 'known-ansible')]);
}
