import { GitopsError } from '../model/errors.ts';
import type { Call, Event, Shell } from '../model/ports.ts';
import { listenToScript } from '../model/script-report.ts';
import { ANSIBLE_CALLBACK } from './ansible-callback.ts';
import { explainPlaybook, recapOf } from './ansible-report.ts';
import {
  ANSIBLE_ENVIRONMENT,
  INSTALL_ANSIBLE,
  INSTALL_REQUIREMENTS,
  PREPARE_TARGET,
  RUN_PLAYBOOK,
} from './ansible-scripts.ts';
import type { ConfigureInput, EngineResult } from './engine.ts';
import { type GuestStage, runInGuest } from './run-in-guest.ts';

/** How Ansible logs in to the container that it configures. Texts of files, the first one secret. */
export interface AnsibleLogin {
  readonly address: string;
  readonly privateKey: string;
  readonly certificate: string;
  /** known_hosts lines: only these keys are accepted. */
  readonly knownHosts: string;
}

/** Where ansible-playbook runs. */
export interface AnsiblePlace {
  readonly shell: Shell;
  /** undefined: it runs in the container that it configures. */
  readonly login?: AnsibleLogin;
  close(): Promise<void>;
}

/** The container that a playbook configures. */
export interface AnsibleTarget {
  readonly vmid: number;
  readonly node: string;
  readonly address: string;
}

/** Makes the place when the target is ready for it; without one playbooks run in the target itself. */
export type OpenAnsiblePlace = (target: Shell, call: Call) => Promise<AnsiblePlace>;

/**
 * Runs playbook.yml for one container. Throws kind remote with the failing task, its file and line; kind user when no play is
 * for this container.
 */
export async function runAnsible(
  target: Shell,
  input: ConfigureInput,
  call: Call,
  tell: (event: Event) => void,
): Promise<EngineResult> {
  const prepared = await prepare(target, input.vmid, call, tell);
  const place: AnsiblePlace = (await input.ansible?.(target, call)) ?? { shell: target, close: async () => undefined };
  try {
    const work = {
      name: 'playbook.yml',
      stages: STAGES,
      files: filesOf(input.environment, place.login),
      explain: (report: readonly string[]) => explainPlaybook(report),
    };
    // Values come as variables of Ansible: in its environment every module would inherit them.
    const run = await runInGuest(place.shell, { ...input, environment: {} }, work, call, tell);
    const recap = recapOf(run.report);
    if (recap.unmatched !== undefined && recap.tasks === 0) throw unmatched(input, recap.unmatched);
    return {
      summary: `${recap.ok} ok, ${recap.changed} changed, ${recap.failed} failed`,
      changed: [...prepared, ...run.changed],
      warnings: run.warnings,
    };
  } finally {
    await place.close();
  }
}

const script = (name: string): GuestStage['argv'] => ['bash', '-c', `. "$PVE_GITOPS_KIT/${name}.sh"`];

const STAGES: readonly GuestStage[] = [
  { name: 'install-ansible', argv: script('install-ansible') },
  { name: 'requirements.yml', argv: script('requirements') },
  { name: 'playbook.yml', argv: script('playbook') },
];

async function prepare(
  target: Shell,
  vmid: number,
  call: Call,
  tell: (event: Event) => void,
): Promise<readonly string[]> {
  const report = listenToScript(tell);
  const command = { name: 'prepare for Ansible', argv: ['sh', '-c', PREPARE_TARGET], onLine: report.hear };
  const { exitCode } = await target.run(command, call);
  if (exitCode === 0) return report.changed;
  const reason = report.error() ?? `it could not be made ready for Ansible (exit code ${exitCode})`;
  throw new GitopsError('remote', `Unable to configure container ${vmid}: ${reason}`, { log: report.tail });
}

function filesOf(
  environment: Readonly<Record<string, string>>,
  login: AnsibleLogin | undefined,
): Readonly<Record<string, string>> {
  const host = environment.HOSTNAME ?? 'target';
  return {
    'install-ansible.sh': INSTALL_ANSIBLE,
    'requirements.sh': INSTALL_REQUIREMENTS,
    'playbook.sh': RUN_PLAYBOOK,
    'environment.sh': ANSIBLE_ENVIRONMENT,
    'callback/pve_gitops.py': ANSIBLE_CALLBACK,
    'vars.yml': variables(environment),
    'inventory.json': JSON.stringify({ all: { hosts: { [host]: hostVariables(login) } } }),
    ...(login === undefined ? {} : loginFiles(login)),
  };
}

/** As YAML, because JSON cannot say that a value with braces is no template. */
function variables(environment: Readonly<Record<string, string>>): string {
  const lines = Object.entries(environment).map(([name, value]) => `${name}: !unsafe ${quoted(value)}\n`);
  return `---\n${lines.join('')}`;
}

/** JSON's escapes are YAML's, but for characters beyond 16 bits; those that YAML takes for line ends are escaped too. */
function quoted(value: string): string {
  return JSON.stringify(value).replaceAll(
    /[^\u0020-\u007e]/gu,
    (character) => `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`,
  );
}

function hostVariables(login: AnsibleLogin | undefined): Readonly<Record<string, string>> {
  const python = { ansible_python_interpreter: '/usr/bin/python3' };
  if (login === undefined) return { ...python, ansible_connection: 'local' };
  return { ...python, ansible_connection: 'ssh', ansible_host: login.address, ansible_user: 'root' };
}

const KIT = '/run/pve-gitops/configure/kit';

/** Nothing but this key, this host key and this address: what a playbook wants of ssh beyond it, it must say itself. */
function loginFiles({ address, privateKey, certificate, knownHosts }: AnsibleLogin): Readonly<Record<string, string>> {
  const config = [
    `Host ${address}`,
    `  IdentityFile ${KIT}/login`,
    `  CertificateFile ${KIT}/login-cert.pub`,
    `  UserKnownHostsFile ${KIT}/known_hosts`,
    '  GlobalKnownHostsFile none',
    '  StrictHostKeyChecking yes',
    '  UpdateHostKeys no',
    '  IdentitiesOnly yes',
    '  PreferredAuthentications publickey',
    '  ServerAliveInterval 15',
    '',
  ].join('\n');
  return { login: privateKey, 'login-cert.pub': certificate, known_hosts: knownHosts, ssh_config: config };
}

function unmatched({ vmid, environment }: ConfigureInput, play: string): GitopsError {
  return new GitopsError('user', `Unable to configure container ${vmid}: no play of playbook.yml is for it`, {
    advice: [`play ${JSON.stringify(play)} names other hosts: write hosts: all, or hosts: ${environment.HOSTNAME}`],
  });
}
