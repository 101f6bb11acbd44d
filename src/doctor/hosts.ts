import type { Finding } from '../model/finding.ts';
import type { HostState } from '../model/inspection.ts';
import type { Trust } from '../model/settings.ts';
import { ok, problem, warning } from './findings.ts';

/** Milliseconds; leases and certificates are written by one clock and read by another. */
const CLOCK_LIMIT = 60_000;
const SUPPORTED = [8, 9];

/** The major number of `8.4.21`; undefined: none. */
export function majorOf(release: string | undefined): number | undefined {
  const match = /^(\d+)\./.exec(release ?? '');
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** Reachability, certificate, version and clock of every host. */
export function examineHosts(hosts: readonly HostState[], trust: Trust): readonly Finding[] {
  const alive = hosts.some(({ kind }) => kind === 'answers');
  return hosts.flatMap((host) => {
    switch (host.kind) {
      case 'silent':
        return [silent(host, alive)];
      case 'untrusted':
        return [untrusted(host, hosts.length > 1)];
      case 'answers':
        return [answers(host, trust), ...version(host), ...clock(host)];
      default:
        return host satisfies never;
    }
  });
}

/** A cluster with one node down still deploys. */
function silent({ host, reason }: Extract<HostState, { kind: 'silent' }>, others: boolean): Finding {
  const fix = ['check host and port (8006), and that this machine may reach it: proxmox.host'];
  const text = `${host} does not answer: ${reason}`;
  return others ? warning('hosts', `${text}; another host does`, fix) : problem('hosts', 'remote', text, fix);
}

function untrusted(
  { host, reason, fingerprint }: Extract<HostState, { kind: 'untrusted' }>,
  several: boolean,
): Finding {
  const line = several ? `"fingerprint": { …, "${host}": "${fingerprint}" }` : `"fingerprint": "${fingerprint}"`;
  const fix =
    fingerprint === undefined
      ? ['give the CA that signed it (proxmox.ca_file), or its SHA-256 fingerprint (proxmox.fingerprint)']
      : [
          `compare it with the Proxmox VE GUI: node → System → Certificates shows ${fingerprint}?`,
          `only if it is the same: ${line} under proxmox in the settings file, or PROXMOX_FINGERPRINT=${several ? `…,${host}=` : ''}${fingerprint}`,
        ];
  return problem('hosts', 'remote', `${host}: its certificate is not trusted: ${reason}`, fix);
}

const TRUST = { system: 'public CA', ca: 'CA file', fingerprint: 'fingerprint', fingerprints: 'fingerprint' } as const;

function answers(host: Extract<HostState, { kind: 'answers' }>, trust: Trust): Finding {
  const text = `${host.host} answers in ${host.milliseconds} ms, its certificate is trusted (${TRUST[trust.kind]})`;
  if (host.refusal === undefined) return ok('hosts', text);
  const fix = [
    'check proxmox.token_id (user@realm!name) and its secret, or proxmox.user and its password',
    'an expired token or a disabled user answers the same; a new token: pve-gitops setup --run --renew-token',
  ];
  return problem('hosts', 'remote', `${host.host} refuses these credentials: ${host.refusal}`, fix);
}

function version({ host, release }: Extract<HostState, { kind: 'answers' }>): readonly Finding[] {
  if (release === undefined) return [];
  const major = majorOf(release);
  const text = `${host} is Proxmox VE ${release}`;
  if (major !== undefined && SUPPORTED.includes(major)) return [ok('hosts', text)];
  const newer = major !== undefined && major > Math.max(...SUPPORTED);
  if (newer) return [warning('hosts', `${text}, which this version of pve-gitops does not know (8 and 9)`)];
  return [problem('hosts', 'remote', `${text}: too old`, ['upgrade it to Proxmox VE 8 or 9'])];
}

function clock({ host, clockOffset }: Extract<HostState, { kind: 'answers' }>): readonly Finding[] {
  if (clockOffset === undefined) return [];
  const seconds = Math.round(Math.abs(clockOffset) / 1000);
  if (Math.abs(clockOffset) <= CLOCK_LIMIT) return [ok('hosts', `the clock of ${host} is right to ${seconds} s`)];
  const text = `the clock of ${host} is ${seconds} s ${clockOffset > 0 ? 'ahead of' : 'behind'} this machine's`;
  return [warning('hosts', text, ['let both keep their time: timedatectl set-ntp true, chronyc tracking'])];
}
