import type { Desired } from '../model/desired.ts';
import type { Change } from '../model/plan.ts';
import { GIB, parseProperties, parseSize } from '../model/property-string.ts';
import { freeKey, observedMounts, wantedMounts } from './mounts.ts';
import { changedNetwork, describeNetwork } from './network.ts';

/** What one field asks for. Several edits go out in one config call. */
export interface Edit {
  readonly change: Change;
  /** Config keys to set. Absent for a resize or a replace. */
  readonly set?: Readonly<Record<string, string | number>>;
  readonly remove?: readonly string[];
  /** Absolute size in GiB. */
  readonly resize?: { readonly disk: string; readonly size: number };
}

/** Config as it will be once what is pending has been applied. */
export type Effective = Readonly<Record<string, string>>;

/** Our index in Proxmox VE's lists; never a proof of ownership. */
export const TAG = 'pve-gitops';

const NEXT_START = 'the container sees it at its next start';

function scalar(
  field: string,
  key: string,
  wanted: string | number | undefined,
  config: Effective,
  fallback?: string,
  note?: string,
): Edit[] {
  const from = config[key] ?? fallback;
  const to = wanted === undefined ? fallback : String(wanted);
  if (from === to) return [];
  const change: Change = {
    field,
    disruption: 'none',
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(note === undefined ? {} : { note }),
  };
  if (wanted !== undefined) return [{ change, set: { [key]: wanted } }];
  return config[key] === undefined ? [] : [{ change, remove: [key] }];
}

function tags(config: Effective): Edit[] {
  const current = (config.tags ?? '').split(/[;, ]+/).filter((tag) => tag !== '');
  if (current.includes(TAG)) return [];
  const all = [...current, TAG].toSorted().join(';');
  return [{ change: { field: 'tags', from: current.join(';'), to: all, disruption: 'none' }, set: { tags: all } }];
}

function nesting(desired: Desired, config: Effective): Edit[] {
  const current = parseProperties(config.features ?? '');
  const from = current.get('nesting') === '1';
  if (from === desired.features.nesting) return [];
  const rest = [...current].filter(([key]) => key !== 'nesting' && key !== '').map(([key, value]) => `${key}=${value}`);
  const value = [...(desired.features.nesting ? ['nesting=1'] : []), ...rest].join(',');
  const change: Change = {
    field: 'nesting',
    from: from ? 'on' : 'off',
    to: desired.features.nesting ? 'on' : 'off',
    disruption: 'restart',
  };
  return [value === '' ? { change, remove: ['features'] } : { change, set: { features: value } }];
}

function privileges(desired: Desired, config: Effective): Edit[] {
  const unprivileged = config.unprivileged === '1';
  if (unprivileged === desired.unprivileged) return [];
  const name = (value: boolean): string => (value ? 'unprivileged' : 'privileged');
  return [
    {
      change: {
        field: 'privileges',
        from: name(unprivileged),
        to: name(desired.unprivileged),
        disruption: 'replace',
        note: 'Proxmox VE sets it at create only',
      },
    },
  ];
}

function rootfs(desired: Desired, config: Effective): Edit[] {
  const properties = parseProperties(config.rootfs ?? '');
  const storage = (properties.get('') ?? properties.get('volume') ?? '').split(':')[0] ?? '';
  const bytes = parseSize(properties.get('size')) ?? 0;
  const edits: Edit[] = [];
  if (storage !== desired.rootfs.storage) {
    edits.push({
      change: { field: 'disk storage', from: storage, to: desired.rootfs.storage, disruption: 'replace' },
    });
  }
  const wanted = desired.rootfs.size * GIB;
  // size=0 is a directory without a limit: nothing to grow, nothing to shrink.
  if (bytes === 0 || bytes === wanted) return edits;
  const from = `${Number((bytes / GIB).toFixed(2))} GiB`;
  const to = `${desired.rootfs.size} GiB`;
  if (bytes < wanted) {
    edits.push({
      change: { field: 'disk size', from, to, disruption: 'none' },
      resize: { disk: 'rootfs', size: desired.rootfs.size },
    });
  } else {
    const note = 'Proxmox VE cannot shrink a disk';
    edits.push({ change: { field: 'disk size', from, to, disruption: 'replace', note } });
  }
  return edits;
}

function networks(desired: Desired, config: Effective): Edit[] {
  return desired.interfaces.flatMap((net): Edit[] => {
    const key = `net${net.index}`;
    const observed = config[key];
    const next = changedNetwork(net, observed);
    if (next === undefined) return [];
    const from = observed === undefined ? undefined : describeNetwork(observed);
    const change: Change = {
      field: key,
      to: describeNetwork(next),
      disruption: 'none',
      ...(from === undefined ? {} : { from }),
    };
    return [{ change, set: { [key]: next } }];
  });
}

function mounts(desired: Desired, config: Effective, share: string | undefined): Edit[] {
  const wanted = wantedMounts(desired.mounts, share);
  const observed = observedMounts(config);
  const taken = new Set(Object.keys(config));
  const edits: Edit[] = [];
  for (const mount of wanted) {
    const there = observed.find((o) => o.path === mount.path && !o.volume);
    const source = parseProperties(mount.value).get('') ?? '';
    if (there !== undefined && there.source === source) continue;
    const key = there?.key ?? freeKey(mount.family, taken);
    taken.add(key);
    const change: Change = {
      field: `mount ${mount.path}`,
      to: source,
      disruption: there === undefined && mount.family === 'mp' ? 'none' : 'restart',
      ...(there === undefined ? {} : { from: there.source }),
    };
    edits.push({ change, set: { [key]: mount.value } });
  }
  for (const mount of observed) {
    if (mount.volume || wanted.some((w) => w.path === mount.path)) continue;
    edits.push({
      change: { field: `mount ${mount.path}`, from: mount.source, disruption: 'restart' },
      remove: [mount.key],
    });
  }
  return edits;
}

/** Every difference between what shall be and what is, field by field, with what each costs. */
export function editsOf(desired: Desired, config: Effective, share: string | undefined): Edit[] {
  return [
    ...privileges(desired, config),
    ...rootfs(desired, config),
    ...scalar('hostname', 'hostname', desired.hostname, config),
    ...scalar('cores', 'cores', desired.cores, config, 'all'),
    ...scalar('memory', 'memory', desired.memory, config),
    ...scalar('swap', 'swap', desired.swap, config),
    ...scalar('start at boot', 'onboot', desired.onboot ? 1 : 0, config, '0'),
    ...scalar('nameserver', 'nameserver', desired.nameserver, config, 'host settings', NEXT_START),
    ...scalar('searchdomain', 'searchdomain', desired.searchdomain, config, 'host settings', NEXT_START),
    ...nesting(desired, config),
    ...networks(desired, config),
    ...mounts(desired, config, share),
    ...tags(config),
  ];
}
