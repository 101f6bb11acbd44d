import type { LiveRecord } from '../model/promotion.ts';
import { parseProperties, parseSize, volumeOf } from '../model/property-string.ts';
import type { ReplacementFacts, ReplacementStep, Seen } from '../model/replacement.ts';
import type { StoredVolume } from '../model/resources.ts';
import { storageOfVolume } from '../model/volid.ts';
import { because } from './because.ts';
import { ownerOf } from './replacement-facts.ts';

/**
 * Gives every volume of the record from one container to the other, one at a time. A volume that neither config names
 * is looked for in the storages. Nothing is ever freed, and no key that holds a volume is written over: what does not
 * fit is left to a person. undefined: all are where they belong.
 */
export function carryStep(
  facts: ReplacementFacts,
  record: LiveRecord,
  from: Seen,
  to: Seen,
): ReplacementStep | undefined {
  for (const [key, value] of Object.entries(record.slots)) {
    const [here, there] = [volumeOf(from.state.config[key] ?? ''), volumeOf(to.state.config[key] ?? '')];
    const [isHere, isThere] = [isStored(facts, here), isStored(facts, there)];
    if (isThere && here === '') continue;
    if (isHere && there === '') {
      const reason = `the volume at ${placeOf(key, value)} goes with it`;
      return because(reason, { kind: 'give', from: from.state.vmid, to: to.state.vmid, key });
    }
    if (facts.stored === undefined) return because(`no config is right about ${key}`, { kind: 'look' });
    if (isHere && isThere) return twice(key, from, to);
    return isHere || isThere ? dead(key, isHere ? to : from, isHere ? there : here) : missing(facts, key, value);
  }
  return undefined;
}

function isStored({ stored }: ReplacementFacts, volid: string): boolean {
  return volid !== '' && (stored === undefined || stored.some((volume) => volume.volid === volid));
}

/** After a crash of the server between taking it out of one config and putting it into the other. */
function missing(facts: ReplacementFacts, key: string, value: string): ReplacementStep {
  const { live, candidate, stored = [] } = facts;
  const both = [live, candidate].flatMap((seen) => (seen === undefined ? [] : [seen]));
  const named = new Set(both.flatMap(({ state }) => Object.values(state.config).map(volumeOf)));
  const fitting = stored.filter((volume) => !named.has(volume.volid) && fits(volume, value));
  const [volume] = fitting;
  const owner = volume === undefined ? undefined : both.find(({ state }) => state.vmid === ownerOf(volume));
  if (fitting.length !== 1 || volume === undefined || owner === undefined) {
    const found = fitting.map(({ volid }) => volid).join(', ');
    return because(`the volume at ${placeOf(key, value)} stands in no config`, {
      kind: 'blocked',
      advice: [
        found === '' ? `no storage lists one that fits (it was ${volumeOf(value)})` : `it is one of ${found}`,
        `put it in on the node, as root: pct set ${facts.vmids.live} --${key} VOLUME${value.slice(volumeOf(value).length)}`,
      ],
    });
  }
  const dangling = owner.state.config[key];
  if (dangling !== undefined) return dead(key, owner, volumeOf(dangling));
  const reason = `the volume at ${placeOf(key, value)} stood in no config`;
  const { vmid } = owner.state;
  const text = `${volume.volid}${value.slice(volumeOf(value).length)}`;
  return because(reason, { kind: 'attach', vmid, key, volid: volume.volid, value: text });
}

function twice(key: string, from: Seen, to: Seen): ReplacementStep {
  const at = ({ state }: Seen): string => `${volumeOf(state.config[key] ?? '')} in container ${state.vmid}`;
  return because(`${key} is ${at(from)} and ${at(to)}`, {
    kind: 'blocked',
    advice: ['one of the two was put in by hand: take it out, then deploy again'],
  });
}

/** A line whose volume is gone by that name. Taking it out through the API could free a volume of the same name. */
function dead(key: string, { state }: Seen, volid: string): ReplacementStep {
  return because(`${key} of container ${state.vmid} names ${volid}, which its storage does not list`, {
    kind: 'blocked',
    advice: [
      'the volume itself got another name and is safe; a storage that is not active would look the same',
      `when it is: on the node, as root, take the line ${key} out of /etc/pve/lxc/${state.vmid}.conf, then deploy again`,
    ],
  });
}

function fits(volume: StoredVolume, value: string): boolean {
  if (storageOfVolume(volume.volid) !== storageOfVolume(volumeOf(value))) return false;
  const size = parseSize(parseProperties(value).get('size'));
  return size === undefined || size === 0 || size === volume.size;
}

function placeOf(key: string, value: string): string {
  return parseProperties(value).get('mp') ?? key;
}
