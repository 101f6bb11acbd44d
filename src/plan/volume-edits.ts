import type { Volume } from '../model/desired.ts';
import { GitopsError } from '../model/errors.ts';
import { formatProperties, GIB, type Properties, parseProperties } from '../model/property-string.ts';
import { storageOfVolume } from '../model/volid.ts';
import { change, type Edit, type FieldContext } from './edit.ts';
import type { FreeKeys } from './keys.ts';
import { mountPath } from './mounts.ts';
import { COPIED, gibibytes, sizeOfMove, wholeGibibytes } from './resources.ts';
import { calledOf, type FoundVolume, isSmaller, volumesOf } from './volumes.ts';

/** Properties of mpN that a definition says; others (size, shared, keepattrs) stay as they are. */
const OURS = ['mp', 'backup', 'ro', 'mountoptions', 'acl', 'quota', 'replicate'] as const;

function wanted(volume: Volume): Map<string, string> {
  const { path, backup, readOnly, options, acl, quota, replicate } = volume;
  const flag = (value: boolean): string => (value ? '1' : '0');
  const properties = new Map([['mp', path]]);
  if (backup) properties.set('backup', '1');
  if (readOnly) properties.set('ro', '1');
  if (options.length > 0) properties.set('mountoptions', options.toSorted().join(';'));
  if (acl !== undefined) properties.set('acl', flag(acl));
  if (quota === true) properties.set('quota', '1');
  if (replicate === false) properties.set('replicate', '0');
  return properties;
}

/** One form for what the server may write in several. */
function normal(key: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (key === 'mp') return mountPath(value);
  if (key === 'mountoptions') return value.split(';').toSorted().join(';');
  if (key === 'replicate') return value === '0' ? value : undefined;
  if (key === 'acl') return value;
  return value === '1' ? value : undefined;
}

/** A volume that is to be made: only `storage:SIZE`, never a volume that is there. */
export function newVolume(volume: Volume): string {
  return formatProperties(new Map([['', `${volume.storage}:${volume.size}`], ...wanted(volume)]));
}

function attachedValue(volid: string, current: Properties, volume: Volume): string {
  const rest = [...current].filter(([key]) => key !== '' && key !== 'volume' && !OURS.some((one) => one === key));
  return formatProperties(new Map([['', volid], ...wanted(volume), ...rest]));
}

const WORDS: Readonly<Record<string, (value: string) => string | undefined>> = {
  ro: (value) => (value === '1' ? 'read-only' : undefined),
  mountoptions: (value) => value.replaceAll(';', ', '),
  acl: (value) => (value === '1' ? 'acl' : 'no acl'),
  quota: (value) => (value === '1' ? 'quota' : undefined),
  replicate: (value) => (value === '0' ? 'not replicated' : undefined),
};

/** For people: `/srv/data, read-only`. */
export function describeMount(properties: Properties): string {
  const said = Object.entries(WORDS).flatMap(([key, say]) => {
    const value = properties.get(key);
    return value === undefined ? [] : [say(value) ?? []].flat();
  });
  return [properties.get('mp') ?? '', ...said, ...(properties.get('backup') === '1' ? [] : ['no backup'])].join(', ');
}

export function describeNew(volume: Volume): string {
  return `${volume.size} GiB on ${volume.storage} at ${describeMount(wanted(volume))}`;
}

/** Volumes by name. New ones and those that come back are taken live; changes and removals wait for a restart. */
export function volumes(context: FieldContext, free: FreeKeys): Edit[] {
  const { desired, state, mark, sizes, missing } = context;
  const found = volumesOf(state, mark, desired, sizes);
  const edits = desired.volumes.flatMap((volume) => {
    const there = found.find(({ name }) => name === volume.name);
    if (there === undefined) return [addition(volume, free)];
    if (there.place === 'lost' && missing.has(there.volid)) throw vanished(volume, there);
    return changes(volume, there, free, state.running);
  });
  const kept = new Set(desired.volumes.map(({ name }) => name));
  const gone = found.filter(({ name, place }) => name !== undefined && place === 'attached' && !kept.has(name));
  return [...edits, ...gone.map((volume) => removal(volume, desired.deletedVolumes))];
}

function addition(volume: Volume, free: FreeKeys): Edit {
  return {
    change: change(`volume ${volume.name}`, undefined, describeNew(volume)),
    set: { [free('mp')]: newVolume(volume) },
  };
}

function removal(volume: FoundVolume, deleted: readonly string[]): Edit {
  const { key = '', name = '', properties } = volume;
  const dies = deleted.includes(name);
  const note = dies ? 'git says delete' : 'kept; written again, it comes back';
  const to = dies ? 'detached, to be destroyed' : 'detached';
  return {
    change: change(`volume ${name}`, describeMount(properties), to, { disruption: 'restart', note }),
    remove: [key],
  };
}

function changes(volume: Volume, there: FoundVolume, free: FreeKeys, running: boolean): Edit[] {
  const field = `volume ${volume.name}`;
  const storage = storageOfVolume(there.volid);
  if (isSmaller(volume, there.size)) throw tooSmall(volume, there);
  const attached = there.place === 'attached';
  // What waits for its removal stays where it is; what is unused comes back at a free place.
  const key = there.place === 'unused' || there.place === 'lost' ? free('mp') : (there.key ?? free('mp'));
  const next = attachedValue(there.volid, there.properties, volume);
  const target = parseProperties(next);
  const same = OURS.every((name) => normal(name, target.get(name)) === normal(name, there.properties.get(name)));
  const edits: Edit[] = [];
  if (storage !== volume.storage) {
    const size = sizeOfMove(there.size, volume.size);
    const more = { disruption: running ? 'restart' : 'none', note: COPIED } as const;
    edits.push({
      change: change(`${field} storage`, storage, volume.storage, more),
      move: {
        ...{ disk: key, volid: there.volid, storage: volume.storage, attached },
        ...(size === undefined ? {} : { size }),
      },
    });
  }
  if (!attached) {
    const note = 'the same volume, with its content';
    edits.push({ change: change(field, 'detached', describeMount(target), { note }), set: { [key]: next } });
  } else if (!same) {
    const [from, to] = [describeMount(there.properties), describeMount(target)];
    edits.push({ change: change(field, from, to, { disruption: 'restart' }), set: { [key]: next } });
  }
  const wantedBytes = volume.size * GIB;
  if (there.size !== undefined && there.size > 0 && wholeGibibytes(there.size) < volume.size) {
    const size = change(`${field} size`, gibibytes(there.size), gibibytes(wantedBytes));
    edits.push({ change: size, resize: { disk: key, size: volume.size, attached } });
  }
  return edits;
}

function vanished({ name }: Volume, { volid }: FoundVolume): GitopsError {
  return new GitopsError('user', `Unable to plan volume ${name}: ${volid} is on its storage no more`, {
    advice: [
      'look for it before anything else: a backup of the container may hold its content',
      `to begin with an empty one: write delete for ${name}, deploy, then write it again`,
    ],
  });
}

function tooSmall(volume: Volume, there: FoundVolume): GitopsError {
  const is = gibibytes(there.size ?? 0);
  return new GitopsError(
    'user',
    `Unable to plan volume ${calledOf(there)}: it has ${is}, and ${volume.size} GiB would cut off data`,
    {
      advice: [
        `write at least ${Math.ceil((there.size ?? 0) / GIB)} GiB for it: a volume can grow, and never shrinks`,
        'to start anew with less, copy its content to a volume of another name, then write delete for this one',
      ],
    },
  );
}

/** A volume that git wants destroyed, and that no mount point names any more (or will, after the restart). */
export function discards(context: FieldContext): readonly { readonly name: string; readonly volume: FoundVolume }[] {
  const { desired, state, mark, sizes } = context;
  return volumesOf(state, mark, desired, sizes).flatMap((volume) => {
    const { name, place } = volume;
    return name === undefined || place === 'lost' || !desired.deletedVolumes.includes(name) ? [] : [{ name, volume }];
  });
}
