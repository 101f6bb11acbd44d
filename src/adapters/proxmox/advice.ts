import type { FailureDetail } from './failure.ts';

/** What the reader can do about it; empty when the reason says it all. */
export function adviceFor(detail: FailureDetail): readonly string[] {
  switch (detail.kind) {
    case 'unreachable':
    case 'unanswered':
      return ['Check the host and the port (8006), and that this machine may reach it.'];
    case 'untrusted':
      return trustAdvice(detail);
    case 'answered':
      return answerAdvice(detail.status, detail.text);
    case 'task':
      return textAdvice(detail.exit);
    case 'lost':
    case 'stalled':
    case 'late':
    case 'cancelled':
    case 'garbled':
    case 'unsettled':
      return [];
    default:
      return detail satisfies never;
  }
}

type Untrusted = Extract<FailureDetail, { kind: 'untrusted' }>;

function trustAdvice({ endpoint, seen, expected, several }: Untrusted): readonly string[] {
  if (seen === undefined) return ['Give the CA that signed the certificate, or the certificate’s SHA-256 fingerprint.'];
  return [
    expected === undefined
      ? 'Compare the fingerprint with the one that the Proxmox VE GUI shows: node → System → Certificates.'
      : 'Someone may stand between you and the server. Only if the certificate was renewed (Proxmox VE GUI: node → System → Certificates shows the same fingerprint), replace the old one.',
    ...(several === undefined
      ? [
          `If it is the same, set PROXMOX_FINGERPRINT=${seen}`,
          `or write into the configuration file: "fingerprint": "${seen}"`,
        ]
      : [
          `If it is the same, add it for this host: PROXMOX_FINGERPRINT=…,${endpoint}=${seen}`,
          `or in the configuration file: "fingerprint": { …, "${endpoint}": "${seen}" }`,
        ]),
  ];
}

function answerAdvice(status: number, text: string): readonly string[] {
  if (status === 401) return authenticationAdvice(text);
  if (status === 403) return permissionAdvice(text);
  if (status === 595 || status === 596)
    return ['The node that was asked did not reach the other node; is that one up?'];
  return textAdvice(text);
}

function authenticationAdvice(text: string): readonly string[] {
  if (/^authentication failure/i.test(text)) {
    return [
      'Check user (with its realm, for example root@pam) and password; a disabled or expired account answers the same.',
    ];
  }
  return [
    'Check the API token: id as user@realm!name, and its secret; an expired token or a disabled user answers the same.',
    'A new one is made under Datacenter → Permissions → API Tokens.',
  ];
}

const ROOT_ONLY = /only allowed for root@pam|Only root (may|can)|user != root@pam/;
/** `Permission check failed (/vms/100, VM.Config.Disk|VM.Config.CPU)` */
const MISSING = /Permission check failed \((\/[^,]*), ([\w.|]+)/;

function permissionAdvice(text: string): readonly string[] {
  if (ROOT_ONLY.test(text)) {
    return [
      'Proxmox VE reserves this to a login of root@pam, no API token will do: give user root@pam and its password as well.',
    ];
  }
  const [, path, privileges] = MISSING.exec(text) ?? [];
  if (path === undefined || privileges === undefined) {
    return ['The user or token lacks a privilege. A token with separated privileges needs permissions of its own.'];
  }
  const wanted = privileges.split('|').join(' or ');
  return [
    `The user or token needs ${wanted} on ${path}: Datacenter → Permissions → Add, or pveum acl modify ${path} …`,
    'pve-gitops doctor DIR names everything that is missing, with the line that grants it.',
  ];
}

function textAdvice(text: string): readonly string[] {
  if (/is locked \((\w[\w-]*)\)/.test(text)) {
    return [
      'Proxmox VE works on it, or was interrupted while it did: see the tasks of the container; pct unlock on the node frees it.',
    ];
  }
  if (text.includes('protection mode enabled')) return ['Switch its protection off first (Options → Protection).'];
  if (/no quorum|\.conf\.tmp\.\d+' - Permission denied/.test(text)) {
    return ['The cluster has no quorum: too few of its nodes are up. pvecm status tells more.'];
  }
  if (text.includes('detected modified configuration')) return ['Someone changed it meanwhile; run again.'];
  if (text.includes('used in HA resources'))
    return ['Take it out of high availability first: ha-manager remove ct:<vmid>.'];
  return [];
}
