import type { Address, Desired, NetworkInterface } from '../model/desired.ts';
import type { ContainerState } from '../model/observed.ts';
import type { Parameters } from '../model/plan.ts';
import { createNetwork } from './network.ts';
import { createParameters } from './parameters.ts';
import { tagsOf, tagsText } from './text.ts';

/** live: that of the container itself, which is stopped while its candidate has it. */
export type CandidateAddress = { readonly kind: 'live' | 'dhcp' } | Extract<Address, { kind: 'static' }>;

/** Settings of the live one that no definition speaks of. */
const CARRIED = ['cmode', 'console', 'tty', 'timezone'] as const;

/** What the live one is given by other steps, or what only one of the two can have. */
const NOT_ITS_OWN = /^(mp|dev|net)\d+$|^(protection|pool|onboot|hostname|tags)$/;

/**
 * The candidate as the renewed container shall be, without volumes, mounts and devices: what is not proven touches
 * nothing that serves. It has another name, so that no name server mixes up the two.
 */
export function candidateParameters(
  desired: Desired,
  live: { readonly state: ContainerState; readonly pool?: string },
  address: CandidateAddress,
): Parameters {
  const { config } = live.state;
  const pool = desired.pool ?? live.pool;
  return {
    ...kept(config, CARRIED),
    ...kept(config, [
      ...(desired.startup === undefined ? (['startup'] as const) : []),
      ...(desired.cpuLimit === undefined ? (['cpulimit'] as const) : []),
      ...(desired.cpuUnits === undefined ? (['cpuunits'] as const) : []),
    ]),
    ...own(desired),
    hostname: candidateName(desired.hostname),
    onboot: 0,
    tags: tagsText(desired.tags ?? tagsOf(config.tags)),
    ...(pool === undefined ? {} : { pool }),
    ...netsOf(desired, config, address),
  };
}

/** For the restore over the live one; the rest comes with the archive. */
export function renewedParameters(desired: Desired): Parameters {
  return { ...own(desired), hostname: desired.hostname, onboot: desired.onboot ? 1 : 0 };
}

function own(desired: Desired): Parameters {
  const all = Object.entries(createParameters({ ...desired, volumes: [], mounts: [], devices: [] }, undefined));
  return Object.fromEntries(all.filter(([key]) => !NOT_ITS_OWN.test(key)));
}

function kept(config: Readonly<Record<string, string>>, keys: readonly string[]): Parameters {
  return Object.fromEntries(keys.flatMap((key) => (config[key] === undefined ? [] : [[key, config[key]]])));
}

function netsOf(desired: Desired, config: Readonly<Record<string, string>>, address: CandidateAddress): Parameters {
  if (address.kind === 'static') return candidateNets(desired.interfaces, address);
  return address.kind === 'live' ? liveNets(config) : candidateNets(desired.interfaces, { kind: 'dhcp' });
}

function liveNets(config: Readonly<Record<string, string>>): Parameters {
  return Object.fromEntries(Object.entries(config).filter(([key]) => /^net\d+$/.test(key)));
}

/** The first interface leads to it; the others are there, without addresses that the live one has. */
function candidateNets(interfaces: readonly NetworkInterface[], address: Address): Parameters {
  const nets = interfaces.map(({ mac: _m, firewall: _f, ipv6, ...net }, index) => {
    const dynamic = ipv6 !== undefined && ipv6.kind !== 'static' ? { ipv6 } : {};
    const ipv4 = index === 0 ? address : ({ kind: 'manual' } as const);
    return [`net${net.index}`, createNetwork({ ...net, ...dynamic, ipv4 })] as const;
  });
  return Object.fromEntries(nets);
}

const SUFFIX = '-candidate';

/** `web.example.net` → `web-candidate.example.net`, at most 63 characters in a label. */
export function candidateName(hostname: string): string {
  const [first = '', ...rest] = hostname.split('.');
  return [`${first.slice(0, 63 - SUFFIX.length)}${SUFFIX}`, ...rest].join('.');
}
