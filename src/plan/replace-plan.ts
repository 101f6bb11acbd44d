import type { Desired } from '../model/desired.ts';
import type { Change, Refusal } from '../model/plan.ts';
import { GIB, parseProperties } from '../model/property-string.ts';
import type { ReplaceFacts } from '../model/replacement.ts';
import { dataOfChange } from './data.ts';
import type { Present } from './edit.ts';
import { observedMounts } from './mounts.ts';
import { reservedAtCreate } from './parameters.ts';
import type { Body, PlanInput } from './plan.ts';
import { foreignSnapshotsRefusal, reservedNote, reservedRefusal } from './refusals.ts';
import { lastWayBack } from './way-back.ts';

export interface ReplacePolicy {
  readonly inPlace: boolean;
  readonly backup: 'before' | 'after' | 'none';
}

/**
 * When the live root file system is backed up: while it serves, or once it is stopped, when something in it would be
 * missed, and when the backup would take its volumes along as well.
 */
export function replacePolicy(
  { wayBack }: Pick<Desired, 'wayBack'>,
  config: Readonly<Record<string, string>>,
  { addresses, loose }: Pick<ReplaceFacts, 'addresses' | 'loose'>,
): ReplacePolicy {
  const inPlace = addresses === 'none';
  const missed = loose !== undefined && loose.length > 0;
  const along = Object.entries(config).some(
    ([key, value]) => /^mp\d+$/.test(key) && parseProperties(value).get('backup') === '1',
  );
  if (missed || (along && wayBack !== 'none')) return { inPlace, backup: 'after' };
  return { inPlace, backup: wayBack === 'none' ? 'none' : 'before' };
}

/** One step for all of it, with what people should know before they agree to it. */
export function replaceBody(input: PlanInput, present: Present, changes: readonly Change[], reason: string): Body {
  const { desired, sizes = new Map<string, number>(), rootLogin } = input;
  const { vmid } = present.state;
  const reserved = reservedAtCreate(desired);
  return {
    steps: [{ kind: 'replace', changes, reason, disruption: 'replace' }],
    notes: [...notesOf(input, present), ...reservedNote(reserved, rootLogin)],
    refusals: [...refusalsOf(input, vmid), ...reservedRefusal(vmid, reserved, rootLogin)],
    data: dataOfChange(desired, present, sizes, 'destroyed'),
    ...wayBackOf(input, present),
  };
}

function wayBackOf(
  { desired, replacing, now = new Date(0) }: PlanInput,
  { state, mark }: Present,
): Pick<Body, 'wayBack'> {
  if (replacing === undefined) return {};
  const { backup } = replacePolicy(desired, state.config, replacing);
  const then =
    backup === 'none'
      ? 'then none: the definition says way_back: none'
      : `then its backup on ${replacing.backupStorage ?? 'no storage'}`;
  return { wayBack: `the old container until the new one is proven, ${then}; ${lastWayBack(mark, now)}` };
}

function refusalsOf({ replacing }: PlanInput, vmid: number): Refusal[] {
  const what = `Unable to replace container ${vmid}`;
  if (replacing === undefined) return [];
  const { backupStorage, foreignSnapshots } = replacing;
  const nowhere: Refusal[] =
    backupStorage !== undefined
      ? []
      : [
          {
            kind: 'user',
            reason: `${what}: no storage of its node takes backups, and a candidate takes its place through one`,
            advice: ['allow the content type backup on a storage with room: Datacenter → Storage → Edit'],
          },
        ];
  return [...nowhere, ...foreignSnapshotsRefusal(what, foreignSnapshots)];
}

function notesOf({ desired, replacing }: PlanInput, present: Present): string[] {
  const { config, used } = present.state;
  if (replacing === undefined) return [];
  const { candidate, addresses, loose, rawLines } = replacing;
  const { inPlace, backup } = replacePolicy(desired, config, replacing);
  const volumes = observedMounts(config).filter(({ volume }) => volume);
  const where =
    addresses === 'dhcp'
      ? 'with an address from DHCP'
      : inPlace
        ? 'at its own address'
        : 'at one of candidate_addresses';
  const root = used === undefined ? 1 : used / GIB;
  const seconds = Math.round(8 + 8 * root + (backup === 'after' ? 8 * root : 0) + 0.5 * volumes.length);
  const lost = [...rawLines, ...(config.hookscript === undefined ? [] : [`hookscript: ${config.hookscript}`])];
  return [
    `a candidate is built as container ${candidate} ${where}, configured and verified, and only then takes its place`,
    inPlace
      ? `nobody serves from then on until it is verified: minutes (there are no candidate_addresses)`
      : `nobody serves while it takes its place: about ${seconds} s; no volume is copied`,
    'kept: vmid, MAC and IP addresses, SSH host keys, tags, pool, permissions, firewall, high availability, backup jobs',
    ...volumes.map(({ path }) => `kept with its content: the volume at ${path}`),
    backup === 'none'
      ? 'the old root file system is not kept: way_back says none'
      : `the old root file system is kept for seven days, as a backup on ${replacing.backupStorage ?? 'no storage'}`,
    ...looseNotes(loose),
    ...lost.map((line) => `not carried over, only root on the node can: ${line}`),
    ...privilegeNotes(desired, config, volumes.length),
  ];
}

function looseNotes(loose: ReplaceFacts['loose']): string[] {
  if (loose === undefined) return ['it could not be looked into: whether data stands outside of volumes is not known'];
  return loose.map(({ path, size }) => {
    const shown = size < 10_240 ? `${size} KiB` : `${Math.round(size / 1024)} MiB`;
    return `data outside of volumes stays behind, in that backup: ${path} (${shown})`;
  });
}

function privilegeNotes(desired: Desired, config: Readonly<Record<string, string>>, volumes: number): string[] {
  if (volumes === 0 || (config.unprivileged === '1') === desired.unprivileged) return [];
  return ['files on volumes keep their owners by number, which an unprivileged container shifts by 100000: mend them'];
}
