import type { KeyToWrite } from '../../definition/write.ts';
import { takesValue } from '../definition-key.ts';
import type { Item } from './hooks.ts';
import type { Given, SettingName } from './known-settings.ts';
import { type NetworkValues, networkKeys } from './network-keys.ts';
import { CONVERT, diskKey, shownValue, templateKey } from './setting-keys.ts';

export interface TakenKeys {
  /** For container.yml. */
  readonly keys: readonly KeyToWrite[];
  /** For container.local.yml: what only the private file says. */
  readonly hidden: readonly KeyToWrite[];
  readonly taken: readonly Item[];
  readonly items: readonly Item[];
}

/** Defaults of the site that a definition has to name where it names something beside them. */
export interface SiteDefaults {
  readonly storage: string;
  readonly bridge: string;
}

/** What is known of the form and has no key, with what stands for it. */
const WITHOUT_KEY: Readonly<Partial<Record<SettingName, string>>> = {
  password: 'no container has a root password here: logins are by certificates of some minutes, or operators’ keys',
  sshKeys: 'keys of operators are a setting of the site: ssh_keys',
  map: 'UID and GID maps are not offered: a volume’s files belong to the container’s own users, so that it needs none',
  noIp6: 'an interface without ip6 has no address of that kind; switch it off inside with sysctl in build-target.sh',
  option: 'an option of the script that built it',
};

const NETWORK = ['ip', 'gateway', 'ip6', 'gateway6', 'bridge', 'vlan', 'mac', 'mtu'] as const;

/** Keys of a definition for the settings of a directory; what cannot be one is said with its place. */
export function takeSettings(known: ReadonlyMap<SettingName, Given>, site: SiteDefaults): TakenKeys {
  const keys: KeyToWrite[] = [];
  const hidden: KeyToWrite[] = [];
  const taken: Item[] = [];
  const items: Item[] = [];
  const placeOf = ({ file, line }: Given): string => `${file}:${line}`;
  const refuse = (given: Given): void => {
    items.push({
      place: placeOf(given),
      text: `${given.name}: ${shownValue(given)} is nothing that container.yml takes`,
    });
  };
  const add = (from: readonly Given[], key: KeyToWrite, note?: string): void => {
    const [first] = from;
    if (first === undefined) return;
    if (!takesValue(key.key, key.value)) {
      refuse(first);
      return;
    }
    (from.some((given) => given.hidden) ? hidden : keys).push(key);
    for (const given of from) taken.push({ place: placeOf(given), text: `${given.name} → ${key.key}` });
    if (note !== undefined) items.push({ place: placeOf(first), text: `${first.name}: ${note}`, note: true });
  };

  for (const [setting, given] of known) {
    const without = WITHOUT_KEY[setting];
    const isOff = setting === 'map' && given.value === '0';
    if (without !== undefined && !isOff) items.push({ place: placeOf(given), text: `${given.name}: ${without}` });
    const convert = CONVERT[setting];
    if (convert === undefined) continue;
    const converted = convert(given.value);
    if (converted === undefined) refuse(given);
    else if (!isDefault(converted)) add([given], converted, converted.note);
  }

  const disk = known.get('disk');
  const storage = known.get('storage');
  if (disk !== undefined) {
    const made = diskKey(disk.value, storage?.value ?? site.storage);
    if (made === undefined) refuse(disk);
    else add(storage === undefined ? [disk] : [disk, storage], made.key, made.note);
  }
  const template = known.get('template');
  const [os, release] = [known.get('os'), known.get('release')];
  if (template !== undefined) add([template], { key: 'template', value: template.value });
  else if (os !== undefined) {
    const key = templateKey(os.value, release?.value);
    if (key === undefined) items.push({ place: placeOf(os), text: `${os.name}: ${otherSystem(os.value)}` });
    else add(release === undefined ? [os] : [os, release], key);
  }
  const network = NETWORK.flatMap((name) => known.get(name) ?? []);
  const whole = known.has('mac') || known.has('mtu');
  const made = networkKeys(networkValues(known), site);
  for (const key of made) {
    const from = whole ? network : network.filter((given) => given === known.get(key.key as SettingName));
    add(from, key);
  }
  return { keys, hidden, taken, items };
}

function otherSystem(os: string): string {
  const file = 'name a template of yours (template: STORAGE:vztmpl/FILE), or leave it out for the newest Debian';
  if (/^alpine$/i.test(os)) return `Alpine’s own templates have no SSH server: ${file}`;
  return `the baseline knows Debian: ${file}`;
}

/** Unprivileged, started with the node: that goes without saying. */
function isDefault({ key, value }: KeyToWrite): boolean {
  return ['unprivileged', 'boot', 'nesting'].includes(key) && value === 'yes';
}

function networkValues(known: ReadonlyMap<SettingName, Given>): NetworkValues {
  const text = (name: SettingName) => {
    const value = known.get(name)?.value;
    return value === undefined ? {} : { [name]: value };
  };
  const number = (name: SettingName) => {
    const value = known.get(name)?.value;
    return value === undefined ? {} : { [name]: Number(value) };
  };
  return {
    ...text('ip'),
    ...text('gateway'),
    ...text('ip6'),
    ...text('gateway6'),
    ...text('bridge'),
    ...text('mac'),
    ...number('vlan'),
    ...number('mtu'),
  };
}
