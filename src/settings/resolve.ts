import { type Problem, ProblemsError } from '../model/errors.ts';
import type { Settings, ShownSetting } from '../model/settings.ts';
import { cincOf } from './cinc.ts';
import { checkCredentials, connectionOf, missing } from './connection.ts';
import type { Read } from './files.ts';
import { collect, type Given, type Sources } from './sources.ts';
import { type SettingName, type SettingValues, settingNames, settingRows } from './table.ts';
import { trustOf } from './trust.ts';

export interface Home {
  /** Where state goes when no setting says it, absolute. */
  readonly stateDirectory: string;
  /** Reads the CA file; a relative path is one below the working directory. */
  readonly read: Read;
  /** Host and credentials may be missing: they are what `setup` makes. */
  readonly connectionOptional?: boolean;
}

export interface ResolvedSettings {
  readonly settings: Settings;
  readonly shown: readonly ShownSetting[];
  /** Every secret that any source holds: mask them all before the first line of log. */
  readonly secrets: readonly string[];
}

/** What a secret looks like when it is shown. */
export const HIDDEN = '***';

/**
 * All settings from all sources. Throws ProblemsError with every problem at once, or one GitopsError of kind user when the
 * connection is missing. No message quotes a secret.
 */
export function resolveSettings(sources: Sources, home: Home): ResolvedSettings {
  const collected = collect(sources);
  const given = new Map(collected.given);
  if (!given.has('stateDirectory')) {
    given.set('stateDirectory', { text: home.stateDirectory, rank: 99, origin: 'default', place: { file: 'default' } });
  }
  const problems: Problem[] = [...collected.problems];
  const shown: ShownSetting[] = [];
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of settingNames) {
    const row = settingRows[name];
    const found = given.get(name) ?? defaultOf(name);
    if (found === undefined) continue;
    const parsed = row.parse(found.text);
    if ('wrong' in parsed) {
      const fix = parsed.fix === undefined ? {} : { fix: parsed.fix };
      problems.push({ ...found.place, message: `${parsed.wrong}${quoted(name, found.text)}`, ...fix });
      continue;
    }
    values[name] = parsed.value;
    shown.push({ key: row.key, value: row.secret ? HIDDEN : shownText(parsed.value), origin: found.origin });
  }
  const input = { values: values as SettingValues, given, read: home.read };
  const trust = trustOf(input, problems);
  if (home.connectionOptional !== true) checkCredentials(input, problems);
  if (problems.length > 0) throw new ProblemsError('settings', problems);
  const lack = home.connectionOptional === true ? undefined : missing(input, sources);
  if (lack !== undefined) throw lack;
  return { settings: settingsOf(input.values, connectionOf(input.values, trust)), shown, secrets: collected.secrets };
}

function defaultOf(name: SettingName): Given | undefined {
  const row: { readonly default?: string } = settingRows[name];
  return row.default === undefined
    ? undefined
    : { text: row.default, rank: 99, origin: 'default', place: { file: 'default' } };
}

/** Values that may hold a secret by mistake (a pasted token, a host with a password, a private key) are not repeated. */
function quoted(name: SettingName, text: string): string {
  const risky = settingRows[name].secret || name === 'tokenId' || name === 'sshKeys' || text.includes('@');
  return risky || text.length > 60 || /\p{Cc}/u.test(text) ? '' : `, not ${JSON.stringify(text)}`;
}

function shownText(value: unknown): string {
  if (Array.isArray(value)) return value.join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

/** Rows with a default are always there; the fallbacks below only satisfy the types. */
function settingsOf(values: SettingValues, connection: Settings['connection']): Settings {
  const { gateway, nameserver, searchdomain, translate, login, password, share, stage, simulated, pool } = values;
  return {
    connection,
    site: values.site ?? 'default',
    stateDirectory: values.stateDirectory ?? '',
    vmidBase: values.vmidBase ?? 1000,
    candidateVmidBase: values.candidateVmidBase ?? 900_000,
    candidateAddresses: values.candidateAddresses ?? 'dhcp',
    images: {
      mode: values.images ?? 'build',
      vmidBase: values.imageVmidBase ?? 800_000,
      maxAgeDays: values.imageMaxAgeDays ?? 14,
    },
    jobVmidBase: values.jobVmidBase ?? 700_000,
    ansiblePlace: values.ansiblePlace ?? 'job',
    storage: values.storage ?? 'local-lvm',
    templateStorage: values.templateStorage ?? 'local',
    ...(pool === undefined ? {} : { pool }),
    network: {
      bridge: values.bridge ?? 'vmbr0',
      interface: values.interface ?? 'eth0',
      prefix: values.prefix ?? 24,
      ...(gateway === undefined ? {} : { gateway }),
      ...(nameserver === undefined ? {} : { nameserver }),
      ...(searchdomain === undefined ? {} : { searchdomain }),
      ...(translate === undefined ? {} : { translate }),
    },
    ...cincOf(values),
    timezone: values.timezone ?? 'Etc/UTC',
    locale: values.locale ?? 'C.UTF-8',
    upgrade: values.upgrade ?? false,
    sshKeys: values.sshKeys ?? [],
    debug: values.debug ?? false,
    ...(login === undefined ? {} : { login }),
    ...(password === undefined ? {} : { password }),
    ...(share === undefined ? {} : { share }),
    ...(stage === undefined ? {} : { stage }),
    ...(simulated === undefined ? {} : { simulated: { control: simulated } }),
  };
}
