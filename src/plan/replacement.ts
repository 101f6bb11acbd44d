import type { LiveRecord } from '../model/promotion.ts';
import type { ReplacementFacts, ReplacementStep, Seen } from '../model/replacement.ts';
import { because } from './because.ts';
import { carryStep } from './replacement-carry.ts';
import {
  formerMounts,
  isRecorded,
  isRootless,
  namedVolumes,
  orphanedRoot,
  recordOf,
  volumeSlots,
} from './replacement-facts.ts';

/**
 * The next step of a replace by what is there, and by nothing else: a run that was killed is finished by the next one
 * from whatever it left. undefined: nothing is left to do, and no replace is due.
 */
export function nextReplacementStep(facts: ReplacementFacts): ReplacementStep | undefined {
  const { live, candidate, goal } = facts;
  if (live !== undefined && live.mark.promotion === undefined) {
    if (goal === undefined) return undefined;
    return foreignSnapshot(facts) ?? because('a replace is due', { kind: 'begin' });
  }
  const begun = live?.mark.promotion ?? candidate?.mark.promotion;
  if (begun === undefined) return undefined;
  if (live?.mark.promotion?.renewed === true) {
    return candidate?.mark.promotion?.back === true ? undo(facts, live, candidate) : renewed(facts, live);
  }
  if (isBack(facts)) return back(facts);
  if (candidate === undefined || candidate.mark.unfinished === true)
    return because('it is proven before it replaces', { kind: 'create-candidate' });
  return forward(facts, candidate);
}

/** Towards what was before: it failed, the definition asks for something else by now, or for no replace at all. */
export function isBack({ live, candidate, goal }: ReplacementFacts): boolean {
  const begun = live?.mark.promotion ?? candidate?.mark.promotion;
  if (begun === undefined || live?.mark.promotion?.renewed === true) return candidate?.mark.promotion?.back === true;
  const other = candidate?.mark.promotion ?? begun;
  if (other.back === true || begun.back === true) return true;
  // Without the live one, what was begun is the only way to have it again.
  return live !== undefined && (goal !== begun.goal || other.goal !== begun.goal || other.id !== begun.id);
}

function forward(facts: ReplacementFacts, candidate: Seen): ReplacementStep {
  const { live, inPlace, vmids } = facts;
  const own = candidate.mark.promotion;
  const startCandidate = (reason: string): ReplacementStep =>
    inPlace && live?.state.running === true
      ? because('the candidate takes its address', { kind: 'stop', vmid: vmids.live })
      : because(reason, { kind: 'start', vmid: vmids.candidate });
  if (own?.proven !== true) {
    if (!candidate.state.running) return startCandidate('the candidate is to be proven');
    return because('only what is proven replaces', { kind: 'prove' });
  }
  if (own.keys === undefined) {
    if (!candidate.state.running) return startCandidate('it takes the SSH host keys');
    return because('the SSH host keys stay', { kind: 'carry-keys' });
  }
  if (candidate.state.running) return because('it is proven', { kind: 'stop', vmid: vmids.candidate });
  const archive = facts.archives.find(({ kind }) => kind === 'candidate');
  if (archive === undefined) {
    return because('the live one is made of it', { kind: 'archive', vmid: vmids.candidate, what: 'candidate' });
  }
  if (live !== undefined) {
    const step = leaveOld(facts, live, candidate, own.record);
    if (step !== undefined) return step;
  }
  const reason = 'the proven root file system takes its place';
  return because(reason, { kind: 'restore', archive: archive.volid, what: 'candidate', over: live !== undefined });
}

/** Everything that must be away from the live one before its root file system goes. */
function leaveOld(
  facts: ReplacementFacts,
  live: Seen,
  candidate: Seen,
  record: LiveRecord | undefined,
): ReplacementStep | undefined {
  const { vmids } = facts;
  const saved = facts.archives.some(({ kind }) => kind === 'before') || isRootless(live, facts.stored);
  const save = because('it is the way back', { kind: 'archive', vmid: vmids.live, what: 'before' } as const);
  if (facts.backup === 'before' && !saved) return save;
  const foreign = foreignSnapshot(facts);
  if (foreign !== undefined) return foreign;
  const [snapshot] = facts.snapshots;
  if (snapshot !== undefined) {
    return because('it goes with the old root file system', { kind: 'drop-snapshot', name: snapshot.name });
  }
  if (!isRecorded(live, record)) {
    return because('nothing of it is to be lost', { kind: 'record', record: recordOf(live, record) });
  }
  if (live.state.running) return because('it is replaced', { kind: 'stop', vmid: vmids.live });
  if (live.state.config.protection === '1') {
    return because('protection guards its disks', { kind: 'protect', on: false });
  }
  const carried = carryStep(facts, record, live, candidate);
  if (carried !== undefined) return carried;
  return facts.backup === 'after' && !saved ? save : undefined;
}

function foreignSnapshot({ snapshots }: ReplacementFacts): ReplacementStep | undefined {
  const foreign = snapshots.filter(({ droppable }) => !droppable).map(({ name }) => name);
  if (foreign.length === 0) return undefined;
  return because(`a replace ends snapshots, and somebody else took ${foreign.join(', ')}`, {
    kind: 'blocked',
    advice: [`let them go, in container.yml: drop_snapshots: [${foreign.join(', ')}]`, 'or remove them by hand'],
  });
}

/** The live one has the new root file system: it gets its volumes, is proven, and what is left over goes. */
function renewed(facts: ReplacementFacts, live: Seen): ReplacementStep {
  const { candidate, vmids } = facts;
  const record = candidate?.mark.promotion?.record;
  if (candidate !== undefined && record !== undefined) {
    if (candidate.state.running) return because('its work is done', { kind: 'stop', vmid: vmids.candidate });
    const carried = carryStep(facts, record, candidate, live);
    if (carried !== undefined) {
      return live.state.running ? because('its volumes are away', { kind: 'stop', vmid: vmids.live }) : carried;
    }
    const named = namesStep(live, record);
    if (named !== undefined) return named;
  }
  if (facts.absent) return cleaning(facts);
  if (facts.changes) return because('config differs from the definition', { kind: 'change' });
  if (!live.state.running) return because('it is renewed', { kind: 'start', vmid: vmids.live });
  if (live.mark.promotion?.proven !== true) {
    return because('its volumes are with it, and it has its own address', { kind: 'prove-live' });
  }
  if (record?.protection === true && live.state.config.protection !== '1') {
    return because('it was protected', { kind: 'protect', on: true });
  }
  return cleaning(facts);
}

/** The renewed one failed: its old root file system comes back from the backup. */
function undo(facts: ReplacementFacts, live: Seen, candidate: Seen): ReplacementStep {
  const { vmids } = facts;
  const archive = facts.archives.find(({ kind }) => kind === 'before');
  const record = candidate.mark.promotion?.record;
  if (archive === undefined || record === undefined) {
    return because('there is no backup of what was before', {
      kind: 'blocked',
      advice: ['mend it in git, and deploy'],
    });
  }
  if (candidate.state.running) return because('it takes the volumes', { kind: 'stop', vmid: vmids.candidate });
  if (live.state.running) return because('it goes back', { kind: 'stop', vmid: vmids.live });
  if (live.state.config.protection === '1') return because('it goes back', { kind: 'protect', on: false });
  const slots = { ...volumeSlots(live.state.config), ...record.slots };
  if (Object.keys(slots).length > Object.keys(record.slots).length) {
    return because('a volume came with the new definition, and stays', {
      kind: 'record',
      record: { ...record, slots },
    });
  }
  const carried = carryStep(facts, record, live, candidate);
  return carried ?? because('it failed', { kind: 'restore', archive: archive.volid, what: 'before', over: true });
}

/** The live one is, or becomes, what it was before. */
function back(facts: ReplacementFacts): ReplacementStep {
  const { live, candidate, vmids, stored } = facts;
  const record = candidate?.mark.promotion?.record;
  const archive = facts.archives.find(({ kind }) => kind === 'before');
  if (candidate?.state.running === true && (live !== undefined || archive !== undefined)) {
    return because('it is not used', { kind: 'stop', vmid: vmids.candidate });
  }
  if (live === undefined || isRootless(live, stored)) {
    if (archive === undefined || facts.unrestorable === true)
      return because('nothing else can serve', { kind: 'serve' });
    const over = live !== undefined;
    return because('its root file system is gone', { kind: 'restore', archive: archive.volid, what: 'before', over });
  }
  if (candidate !== undefined && record !== undefined) {
    const carried = carryStep(facts, record, candidate, live);
    if (carried !== undefined) {
      return live.state.running ? because('its volumes are away', { kind: 'stop', vmid: vmids.live }) : carried;
    }
    const named = namesStep(live, record);
    if (named !== undefined) return named;
    const mounts = formerMounts(live, record);
    if (Object.keys(mounts).length > 0) return because('no backup holds them', { kind: 'mount', set: mounts });
    if (record.protection && live.state.config.protection !== '1') {
      return because('it was protected', { kind: 'protect', on: true });
    }
  }
  if (!live.state.running && !facts.absent) return because('it serves as before', { kind: 'start', vmid: vmids.live });
  // Else, with the candidate gone, a failed replace would look like one that has just begun.
  if (live.mark.promotion?.back !== true) return because('it did not come about', { kind: 'give-up' });
  return cleaning(facts);
}

function namesStep(live: Seen, record: LiveRecord): ReplacementStep | undefined {
  const volumes = namedVolumes(live.state, record);
  const known = live.mark.volumes ?? {};
  const same = Object.entries(volumes).every(([name, volid]) => known[name] === volid);
  return same ? undefined : because('each move gave it another name', { kind: 'name-volumes', volumes });
}

function cleaning(facts: ReplacementFacts): ReplacementStep {
  const { archives, candidate, live, vmids } = facts;
  const served = live?.mark.promotion?.served === true;
  const archive = archives.find(({ kind }) => kind === 'candidate' || served);
  if (archive !== undefined) {
    return because('nobody needs it now', { kind: 'remove-archive', vmid: archive.vmid, volid: archive.volid });
  }
  if (candidate === undefined) return because('nothing of it is left', { kind: 'end' });
  if (candidate.state.running) return because('nobody needs it now', { kind: 'stop', vmid: vmids.candidate });
  const held = Object.entries(volumeSlots(candidate.state.config));
  if (held.length === 0)
    return freeRoot(facts, candidate) ?? because('nobody needs it now', { kind: 'remove-candidate' });
  const names = held.map(([key, value]) => `${key} (${value.split(',')[0]})`).join(', ');
  return because(`candidate ${vmids.candidate} has ${names}, which nobody gave it`, {
    kind: 'blocked',
    advice: [`take it out, then deploy again: removing the candidate would destroy it`],
  });
}

/** Looked for while the candidate remembers its name: where a restore had failed before the old disks were gone. */
function freeRoot(facts: ReplacementFacts, { mark }: Seen): ReplacementStep | undefined {
  const record = mark.promotion?.record;
  if (record?.rootVolume === undefined) return undefined;
  if (facts.stored === undefined) return because('a restore may have left a disk', { kind: 'look' });
  const volid = orphanedRoot(facts, record);
  return volid === undefined ? undefined : because('a restore that failed left it', { kind: 'free-root', volid });
}
