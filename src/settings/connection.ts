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
