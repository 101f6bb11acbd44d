import { dirname, isAbsolute, join } from 'node:path';
import { GitopsError, type Problem } from '../model/errors.ts';
import { nearest } from '../model/nearest.ts';
import type { Connection, Trust } from '../model/settings.ts';
import type { Read } from './files.ts';
import type { Given, Sources } from './sources.ts';
import { type SettingName, type SettingValues, settingNames, settingRows } from './table.ts';

export interface ConnectionInput {
  readonly values: SettingValues;
  readonly given: ReadonlyMap<SettingName, Given>;
  readonly read: Read;
}

/** Certificate of the stronger source; both from the same one cannot be meant. */
export function trustOf({ values, given, read }: ConnectionInput, problems: Problem[]): Trust {
  const ca = given.get('caFile');
  const pin = given.get('fingerprint');
  if (ca !== undefined && pin !== undefined && ca.rank === pin.rank) {
    const message = `${settingRows.caFile.key} and ${settingRows.fingerprint.key} exclude each other`;
    problems.push({ ...pin.place, message, fix: 'keep one of them' });
    return { kind: 'system' };
  }
  if (pin !== undefined && (ca === undefined || pin.rank < ca.rank)) {
    return values.fingerprint === undefined ? { kind: 'system' } : { kind: 'fingerprint', sha256: values.fingerprint };
  }
  if (ca === undefined) return { kind: 'system' };
  const fromFile = ca.place.line !== undefined;
  const path = fromFile && !isAbsolute(ca.text) ? join(dirname(ca.place.file), ca.text) : ca.text;
  const pem = read(path);
  if (pem?.includes('-----BEGIN CERTIFICATE-----')) return { kind: 'ca', pem };
  const message = pem === undefined ? `there is no file ${path}` : `${path} holds no certificate in PEM form`;
  problems.push({ ...ca.place, message });
  return { kind: 'system' };
}

/** Halves of credentials are problems; none at all is an error of its own (`missing`). */
export function checkCredentials({ given }: ConnectionInput, problems: Problem[]): void {
  const pairs: readonly (readonly [SettingName, SettingName])[] = [
    ['tokenId', 'tokenSecret'],
    ['tokenSecret', 'tokenId'],
    ['proxmoxPassword', 'user'],
  ];
  for (const [one, other] of pairs) {
    const found = given.get(one);
    if (found === undefined || given.has(other)) continue;
    const { key, environment } = settingRows[other];
    problems.push({ ...found.place, message: `needs ${key} beside it`, fix: `set ${environment}` });
  }
}

/** What is missing before any server could be asked; undefined: nothing. */
export function missing({ values }: ConnectionInput, sources: Sources): GitopsError | undefined {
  const host = values.hosts?.[0];
  const token = values.tokenId !== undefined && values.tokenSecret !== undefined;
  const password = values.user !== undefined && values.proxmoxPassword !== undefined;
  if (host !== undefined && (token || password)) return undefined;
  const message =
    host === undefined
      ? 'Unable to reach Proxmox VE: no host is set'
      : `Unable to log in to Proxmox VE at ${host}: no credentials are set`;
  const advice = [
    ...(host === undefined ? [`set ${waysOf('hosts')}`] : []),
    `set ${waysOf('tokenId')}, and ${settingRows.tokenSecret.environment}`,
    `or ${waysOf('user')}, and ${settingRows.proxmoxPassword.environment}`,
    'or copy local/.config.json to local/config.json and fill it in',
    'or try it without a Proxmox VE: pve-gitops node start (docs/local-node.md)',
    ...misspelled(sources.environment),
  ];
  return new GitopsError('user', message, { advice });
}

/** Requires that `missing` found nothing. */
export function connectionOf(values: SettingValues, trust: Trust): Connection {
  const { node, tokenId, tokenSecret, user, proxmoxPassword } = values;
  return {
    hosts: values.hosts ?? [],
    port: values.port ?? 8006,
    trust,
    ...(node === undefined ? {} : { node }),
    ...(tokenId === undefined || tokenSecret === undefined ? {} : { token: { id: tokenId, secret: tokenSecret } }),
    ...(user === undefined ? {} : { user }),
    ...(proxmoxPassword === undefined ? {} : { password: proxmoxPassword }),
  };
}

function waysOf(name: SettingName): string {
  const { environment, input, key } = settingRows[name];
  return `${environment} (or --${input}, or ${key} in the settings file)`;
}

/** The environment is shared with others, so an unknown name there is no error; but it may be the reason. */
function misspelled(environment: Sources['environment']): string[] {
  const known = settingNames.map((name) => settingRows[name].environment);
  return Object.keys(environment)
    .filter((name) => /^(?:PROXMOX|PVE_GITOPS)_/.test(name) && !known.includes(name) && name !== 'PVE_GITOPS_CONFIG')
    .sort()
    .flatMap((name) => {
      const near = nearest(name, known);
      return near === undefined ? [] : [`${name} is set, but is not a setting: did you mean ${near}?`];
    });
}
