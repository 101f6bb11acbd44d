import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import type { Core } from '../core.ts';
import type { Json } from '../http/answer.ts';

export type Rule = Readonly<Record<string, string>>;

export interface Alias {
  /** As it was written; it is looked up without regard to case. */
  readonly name: string;
  readonly cidr: string;
  readonly comment?: string;
}

export interface AddressEntry {
  readonly cidr: string;
  readonly nomatch?: 1;
  readonly comment?: string;
}

export interface AddressSet {
  readonly comment?: string;
  readonly entries: readonly AddressEntry[];
}

export interface RuleGroup {
  readonly comment?: string;
  readonly rules: readonly Rule[];
}

/** A firewall of the cluster, the node or a guest: kept and given back, nothing filters. */
export interface FirewallConfig {
  readonly options: Readonly<Record<string, string>>;
  readonly rules: readonly Rule[];
  /** Lower-case name → alias */
  readonly aliases?: Readonly<Record<string, Alias>>;
  readonly ipsets?: Readonly<Record<string, AddressSet>>;
  /** The cluster's only. */
  readonly groups?: Readonly<Record<string, RuleGroup>>;
}

/** Whose firewall it is, in Proxmox VE's own words; rules of a group stand in the cluster's. */
export type RuleEnvironment = 'cluster' | 'host' | 'ct' | 'group';

export interface Firewall {
  /** `cluster`, `host` or a vmid */
  readonly key: string;
  readonly environment: RuleEnvironment;
}

export const CLUSTER: Firewall = { key: 'cluster', environment: 'cluster' };
export const HOST: Firewall = { key: 'host', environment: 'host' };
export const guestFirewall = (vmid: number): Firewall => ({ key: String(vmid), environment: 'ct' });

export function readFirewall(core: Core, { key }: Firewall): Required<FirewallConfig> {
  const { options, rules, aliases = {}, ipsets = {}, groups = {} } = core.firewalls.value[key] ?? EMPTY;
  return { options, rules, aliases, ipsets, groups };
}

const EMPTY: FirewallConfig = { options: {}, rules: [] };

export function changeFirewall(core: Core, firewall: Firewall, change: Partial<FirewallConfig>): null {
  const next = { ...readFirewall(core, firewall), ...change };
  core.firewalls.update((value) => {
    value[firewall.key] = next;
  });
  return null;
}

type Fields = { readonly [key: string]: Json };

/** PVE::Firewall's own: keys and values line by line, keys sorted. Of nothing it is the digest of no bytes (row 109). */
function digestOf(entries: readonly Fields[]): string {
  const sha = createHash('sha1');
  for (const entry of entries) {
    for (const key of Object.keys(entry).sort()) sha.update(`${key}:${String(entry[key])}\n`);
  }
  return sha.digest('hex');
}

export function objectWithDigest(entry: Fields): Fields & { readonly digest: string } {
  return { ...entry, digest: digestOf([entry]) };
}

export interface DigestedList {
  readonly list: readonly Fields[];
  readonly digest: string;
}

/** Each entry says the digest of them all. */
export function listWithDigest(entries: readonly Fields[]): DigestedList {
  const digest = digestOf(entries);
  return { list: entries.map((entry) => ({ ...entry, digest })), digest };
}

/** 4 or 6, of an address or a network. */
export function addressVersion(text: string): 4 | 6 {
  return isIPv4(text.split('/')[0] ?? '') ? 4 : 6;
}
