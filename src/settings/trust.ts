import { dirname, isAbsolute, join } from 'node:path';
import type { Problem } from '../model/errors.ts';
import { nearest } from '../model/nearest.ts';
import type { Trust } from '../model/settings.ts';
import type { ConnectionInput } from './connection.ts';
import type { Given } from './sources.ts';
import { settingRows } from './table.ts';

/** Certificate of the stronger source; both from the same one cannot be meant. */
export function trustOf({ values, given, read }: ConnectionInput, problems: Problem[]): Trust {
  const ca = given.get('caFile');
  const pin = given.get('fingerprint');
  if (ca !== undefined && pin !== undefined && ca.rank === pin.rank) {
    const message = `${settingRows.caFile.key} and ${settingRows.fingerprint.key} exclude each other`;
    problems.push({ ...pin.place, message, fix: 'keep one of them' });
    return { kind: 'system' };
  }
  if (pin !== undefined && (ca === undefined || pin.rank < ca.rank)) return pinned(values, pin, problems);
  if (ca === undefined) return { kind: 'system' };
  const fromFile = ca.place.line !== undefined;
  const path = fromFile && !isAbsolute(ca.text) ? join(dirname(ca.place.file), ca.text) : ca.text;
  const pem = read(path);
  if (pem?.includes('-----BEGIN CERTIFICATE-----')) return { kind: 'ca', pem };
  const message = pem === undefined ? `there is no file ${path}` : `${path} holds no certificate in PEM form`;
  problems.push({ ...ca.place, message });
  return { kind: 'system' };
}

/** Fingerprints of hosts that have certificates of their own: named, or in the order of the hosts. */
function pinned(
  { fingerprint: pins = [], hosts = [], port }: ConnectionInput['values'],
  from: Given,
  problems: Problem[],
): Trust {
  const [only] = pins;
  if (only === undefined) return { kind: 'system' };
  const named = pins.filter((pin) => pin.includes('='));
  if (named.length === 0 && pins.length === 1) return { kind: 'fingerprint', sha256: only };
  if (named.length === 0 && pins.length === hosts.length) {
    return { kind: 'fingerprints', byHost: Object.fromEntries(hosts.map((host, index) => [host, pins[index] ?? ''])) };
  }
  if (named.length !== pins.length) {
    const count = `${pins.length} fingerprints for ${hosts.length} host${hosts.length === 1 ? '' : 's'}`;
    const fix = 'write one for all of them, one for each in their order, or host=fingerprint';
    problems.push({ ...from.place, message: count, fix });
    return { kind: 'system' };
  }
  const whole = (host: string): string => (/:\d+$/.test(host) ? host : `${host}:${port ?? 8006}`);
  const byHost: Record<string, string> = {};
  for (const pin of named) {
    const [name = '', sha256 = ''] = pin.split('=');
    const host = hosts.find((known) => whole(known) === whole(name));
    if (host === undefined) {
      const near = nearest(name, hosts);
      const fix = near === undefined ? `hosts are: ${hosts.join(', ')}` : `did you mean ${near}?`;
      problems.push({ ...from.place, message: `${name} is no host of ${settingRows.hosts.key}`, fix });
    } else byHost[host] = byHost[host] === undefined ? sha256 : `${byHost[host]},${sha256}`;
  }
  return { kind: 'fingerprints', byHost };
}
