import {
  type AddressEntry,
  type AddressSet,
  type Alias,
  addressVersion,
  changeFirewall,
  type Firewall,
  listWithDigest,
  readFirewall,
} from '../guests/firewall-config.ts';
import { assertUnmodified } from '../guests/update.ts';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import { ALIAS } from '../schema/firewall-formats.ts';
import type { Call, Routes } from './call.ts';

type Fields = { readonly [key: string]: Json };
type FirewallOf = (call: Call) => Firewall;

const said = (comment: string | undefined): { readonly comment?: string } =>
  comment === undefined || comment === '' ? {} : { comment };

/** Without the prefix that says one address. */
const plainCidr = (text: string): string => text.replace(text.includes(':') ? /\/128$/ : /\/32$/, '');

const sorted = <T>(values: Readonly<Record<string, T>>): readonly T[] =>
  Object.keys(values)
    .sort()
    .flatMap((key) => values[key] ?? []);

const aliasEntry = (alias: Alias): Fields => ({ ...alias, ipversion: addressVersion(alias.cidr) });

function aliasRoutes(base: string, of: FirewallOf): Routes {
  const read = (call: Call): Readonly<Record<string, Alias>> => readFirewall(call.core, of(call)).aliases;
  const list = (call: Call) => listWithDigest(sorted(read(call)).map(aliasEntry));
  const write = (call: Call, aliases: Readonly<Record<string, Alias>>): null =>
    changeFirewall(call.core, of(call), { aliases });
  const aliasOf = (call: Call, name: string): Alias => ({
    name,
    cidr: plainCidr(call.required('cidr')),
    ...said(call.text('comment')),
  });
  const known = (call: Call): Alias => {
    const found = read(call)[call.required('name').toLowerCase()];
    if (found === undefined) throw parameterError({ name: 'no such alias' });
    return found;
  };
  return {
    [`GET ${base}/aliases`]: (call) => list(call).list,
    [`POST ${base}/aliases`]: (call) => {
      const name = call.required('name');
      if (read(call)[name.toLowerCase()] !== undefined) {
        throw parameterError({ name: `alias '${name}' already exists` });
      }
      return write(call, { ...read(call), [name.toLowerCase()]: aliasOf(call, name) });
    },
    [`GET ${base}/aliases/{name}`]: (call) => aliasEntry(known(call)),
    [`PUT ${base}/aliases/{name}`]: (call) => {
      assertUnmodified(call.text('digest'), list(call).digest);
      known(call);
      const old = call.required('name');
      const name = call.text('rename') || old;
      const { [old.toLowerCase()]: _old, ...others } = read(call);
      if (others[name.toLowerCase()] !== undefined) {
        throw parameterError({ name: `alias '${name}' already exists` });
      }
      return write(call, { ...others, [name.toLowerCase()]: aliasOf(call, name) });
    },
    [`DELETE ${base}/aliases/{name}`]: (call) => {
      assertUnmodified(call.text('digest'), list(call).digest);
      const { [call.required('name').toLowerCase()]: _gone, ...rest } = read(call);
      return write(call, rest);
    },
  };
}

/** The address as it is kept; throws for an alias that is not there. */
function cidrOf(call: Call, firewall: Firewall): string {
  const cidr = call.required('cidr');
  if (!ALIAS.test(cidr)) return plainCidr(cidr);
  const name = cidr.replace(/^(?:dc|guest)\//, '');
  const everybodys = readFirewall(call.core, { key: 'cluster', environment: 'cluster' }).aliases;
  const mine = readFirewall(call.core, firewall).aliases;
  const found = cidr.startsWith('dc/') ? everybodys : cidr.startsWith('guest/') ? mine : { ...everybodys, ...mine };
  if (found[name.toLowerCase()] === undefined) throw new ApiError(500, `no such alias '${name}'`);
  return cidr;
}

function setRoutes(base: string, of: FirewallOf): Routes {
  const read = (call: Call): Readonly<Record<string, AddressSet>> => readFirewall(call.core, of(call)).ipsets;
  const index = (call: Call) => {
    const names = Object.keys(read(call)).sort();
    return listWithDigest(names.map((name) => ({ name, ...said(read(call)[name]?.comment) })));
  };
  const write = (call: Call, ipsets: Readonly<Record<string, AddressSet>>): null =>
    changeFirewall(call.core, of(call), { ipsets });
  const known = (call: Call): AddressSet => {
    const name = call.required('name');
    const found = read(call)[name];
    if (found === undefined) throw new ApiError(500, `no such IPSet '${name}'`);
    return found;
  };
  const list = (call: Call) => listWithDigest(known(call).entries.map((entry) => ({ ...entry })));
  const writeEntries = (call: Call, entries: readonly AddressEntry[]): null =>
    write(call, { ...read(call), [call.required('name')]: { ...known(call), entries } });
  const entryOf = (call: Call, cidr: string): AddressEntry => ({
    cidr,
    ...(call.flag('nomatch') ? { nomatch: 1 } : {}),
    ...said(call.text('comment')),
  });
  const rename = (call: Call, old: string): null => {
    assertUnmodified(call.text('digest'), index(call).digest);
    const name = call.required('name');
    const { [old]: found, ...others } = read(call);
    if (found === undefined) throw parameterError({ name: `IPSet '${old}' does not exist` });
    if (others[name] !== undefined) throw parameterError({ name: `IPSet '${name}' does already exist` });
    const { comment: _comment, ...rest } = found;
    return write(call, { ...others, [name]: { ...rest, ...said(call.text('comment') ?? found.comment) } });
  };
  return {
    [`GET ${base}/ipset`]: (call) => index(call).list,
    [`POST ${base}/ipset`]: (call) => {
      const [name, old] = [call.required('name'), call.text('rename')];
      if (old !== undefined && old !== '') return rename(call, old);
      if (read(call)[name] !== undefined) throw parameterError({ name: `IPSet '${name}' already exists` });
      return write(call, { ...read(call), [name]: { entries: [], ...said(call.text('comment')) } });
    },
    [`DELETE ${base}/ipset/{name}`]: (call) => {
      const name = call.required('name');
      if (known(call).entries.length > 0 && !call.flag('force'))
        throw new ApiError(500, `IPSet '${name}' is not empty`);
      const { [name]: _gone, ...rest } = read(call);
      return write(call, rest);
    },
    [`GET ${base}/ipset/{name}`]: (call) => list(call).list,
    [`POST ${base}/ipset/{name}`]: (call) => {
      const { entries } = known(call);
      const cidr = cidrOf(call, of(call));
      if (entries.some((entry) => entry.cidr === cidr)) {
        throw parameterError({ cidr: `address '${cidr}' already exists` });
      }
      if (/\/0+$/.test(cidr)) throw parameterError({ cidr: 'a zero prefix is not allowed in ipset entries' });
      return writeEntries(call, [entryOf(call, cidr), ...entries]);
    },
    [`GET ${base}/ipset/{name}/{cidr}`]: (call) => {
      const found = list(call).list.find((entry) => entry.cidr === call.required('cidr'));
      if (found === undefined) throw parameterError({ cidr: 'no such IP/Network' });
      return found;
    },
    [`PUT ${base}/ipset/{name}/{cidr}`]: (call) => {
      assertUnmodified(call.text('digest'), list(call).digest);
      const cidr = call.required('cidr');
      const { entries } = known(call);
      if (!entries.some((entry) => entry.cidr === cidr)) throw parameterError({ cidr: 'no such IP/Network' });
      return writeEntries(
        call,
        entries.map((entry) => (entry.cidr === cidr ? entryOf(call, cidr) : entry)),
      );
    },
    [`DELETE ${base}/ipset/{name}/{cidr}`]: (call) => {
      assertUnmodified(call.text('digest'), list(call).digest);
      return writeEntries(
        call,
        known(call).entries.filter((entry) => entry.cidr !== call.required('cidr')),
      );
    },
  };
}

/** Aliases and sets of addresses of a firewall: what rules name instead of addresses. */
export function firewallNameRoutes(base: string, of: FirewallOf): Routes {
  return { ...aliasRoutes(base, of), ...setRoutes(base, of) };
}

/** What a rule could name, the cluster's before a guest's. */
export function references(call: Call, firewall: Firewall, scope: 'dc' | 'guest'): readonly Fields[] {
  const type = call.text('type');
  const { aliases, ipsets } = readFirewall(call.core, firewall);
  const entry = (kind: string, name: string, ref: string, comment: string | undefined): Fields => ({
    ...{ type: kind, name, ref, scope },
    ...said(comment),
  });
  const sets = Object.entries(ipsets).map(([name, { comment }]) => entry('ipset', name, `+${name}`, comment));
  const names = Object.entries(aliases).map(([name, { comment }]) => entry('alias', name, name, comment));
  return [...(type === 'alias' ? [] : sets), ...(type === 'ipset' ? [] : names)];
}
