import type { SimulatedBackend } from '../../local/node/backend/simulated/simulated-backend.ts';
import type { Core } from '../../local/node/core.ts';
import { parseDescription } from '../../src/model/mark.ts';

/** A tree of texts that two ways to the same end must share. */
export type EndState = Readonly<Record<string, unknown>>;

/**
 * Everything on a node that a deploy may leave: configs, marks, snapshots, volumes with contents, backups, what others
 * set up, locks, leases, what is half made, what still runs. Volumes go by who names them, as their numbers may differ;
 * times, keys and MAC addresses that this run made are left out. `known`: MAC addresses from before, which must stay.
 */
export function endState(core: Core, known: ReadonlySet<string>): EndState {
  const model = (core.backend as SimulatedBackend).model.value;
  const guests = Object.fromEntries(
    core.guests.ids('lxc').map((vmid) => {
      const { config } = core.guests.read('lxc', vmid);
      const { description, ...values } = config.values;
      const { text, mark } = parseDescription(description);
      return [vmid, { ...config, values, text, mark, running: model.running[vmid] !== undefined }];
    }),
  );
  const named = namesOfVolumes(core);
  const stored = core.storages.all().flatMap(({ storage }) => core.volumes.on(storage));
  const volumes = stored.map(({ storage, name, vmid, size }) => {
    const id = `${storage}:${name}`;
    const { content = {} } = model.volumes[id] ?? {};
    return [named.get(id) ?? `of ${vmid}, named by nothing`, { size, content }];
  });
  const backups = core.storages.all().flatMap(({ storage }) => core.storages.files(storage, 'backup'));
  const running = core.tasks.running().map((upid) => upid.split(':')[5]);
  const state = {
    guests,
    standing: core.members.value.standing,
    others: core.guests.ids('qemu'),
    volumes: Object.fromEntries(volumes),
    backups: backups.map(({ name, notes, protected: kept }) => ({ name, notes, kept })),
    pools: core.accessStore.value.pools,
    acl: core.accessStore.value.acl,
    firewalls: core.firewalls.value,
    ha: core.ha.value,
    halfMade: core.making.value,
    running,
  };
  let json = JSON.stringify(state);
  // The longest first: disk-1 is the beginning of disk-10.
  for (const [id, name] of [...named].sort(([a], [b]) => b.length - a.length)) json = json.replaceAll(id, name);
  // Snapshots without a commit are named by their time: which is before which is what counts.
  const snapshots = [...new Set(json.match(/pgo_\d{8}_\d{6}/g) ?? [])].toSorted();
  json = json
    .replace(/\b(?:[0-9A-F]{2}:){5}[0-9A-F]{2}\b/g, (mac) => (known.has(mac) ? mac : 'a new MAC'))
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'a time')
    .replace(/\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d/g, 'a time')
    .replace(/"snaptime":"\d+"/g, '"snaptime":"a time"')
    .replace(/pgo_\d{8}_\d{6}/g, (name) => `pgo_${snapshots.indexOf(name)}`)
    .replace(/SHA256:[A-Za-z0-9+/]{20,}/g, 'a key');
  return JSON.parse(json) as EndState;
}

/** volid → `storage of 1042 as mp0`, the live config before snapshots. */
function namesOfVolumes(core: Core): Map<string, string> {
  const names = new Map<string, string>();
  for (const vmid of core.guests.ids('lxc')) {
    const { config } = core.guests.read('lxc', vmid);
    const sections = [
      ['', config.values] as const,
      ...Object.entries(config.snapshots).map(([name, { values }]) => [` in ${name}`, values] as const),
    ];
    for (const [where, values] of sections) {
      for (const [key, value] of Object.entries(values)) {
        const id = value.split(',')[0] ?? '';
        if (!/^(rootfs|mp\d+|unused\d+)$/.test(key) || names.has(id) || core.volumes.find(id) === undefined) continue;
        names.set(id, `${id.split(':')[0]} of ${vmid} as ${key}${where}`);
      }
    }
  }
  return names;
}

/** MAC addresses that configs name. */
export function macsOf(core: Core): ReadonlySet<string> {
  const texts = core.guests.ids('lxc').map((vmid) => JSON.stringify(core.guests.read('lxc', vmid).config.values));
  return new Set(texts.flatMap((text) => text.match(/\b(?:[0-9A-F]{2}:){5}[0-9A-F]{2}\b/g) ?? []));
}

/** Paths at which two states differ, with what is there. */
export function differences(wanted: unknown, found: unknown, path = ''): string[] {
  if (Object.is(wanted, found)) return [];
  const isTree = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
  if (!isTree(wanted) || !isTree(found))
    return [`${path}: ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`];
  return [...new Set([...Object.keys(wanted), ...Object.keys(found)])].flatMap((key) =>
    differences(wanted[key], found[key], path === '' ? key : `${path}.${key}`),
  );
}
