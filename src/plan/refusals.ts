import type { Dependency, Refusal } from '../model/plan.ts';
import type { Edit, FieldContext } from './edit.ts';
import { movedVolumes } from './volumes.ts';

export function protectedRefusal(what: string, after: string): Refusal {
  return {
    kind: 'user',
    reason: `Unable to ${what}: its protection is on; ${after}`,
    advice: [
      'write protection: no (PROTECTION=no) and run again',
      'or switch it off in Proxmox VE: Options → Protection',
    ],
  };
}

/** Proxmox VE guards mount points of every kind, and what has become unused. */
export function touchesDisks({ set = {}, remove = [] }: Edit): boolean {
  return [...Object.keys(set), ...remove].some((key) => /^(mp|unused)\d+$/.test(key));
}

/** `can`: whether the connection has a login of root@pam; undefined: not known. */
export function reservedRefusal(vmid: number, reserved: readonly string[], can: boolean | undefined): Refusal[] {
  if (reserved.length === 0 || can !== false) return [];
  return [
    {
      kind: 'user',
      reason: `Unable to change container ${vmid}: Proxmox VE reserves this to root@pam: ${reserved.join(', ')}`,
      advice: [
        'an API token will not do, root’s own neither: give proxmox.user root@pam and its password as well',
        'they are used for these calls only',
      ],
    },
  ];
}

/** A move was cut off, and somebody changed the container's disks by hand before it went on. */
export function unclearRefusal({ state, mark }: Pick<FieldContext, 'state' | 'mark'>): Refusal[] {
  return movedVolumes(state, mark).flatMap(({ kind, from, to, unused = '' }): Refusal[] => {
    if (kind !== 'unclear') return [];
    const reason = `Unable to tell which volume of container ${state.vmid} is the one that was to be moved: ${from} (${unused}) or ${to}`;
    const advice = ['look into both, and remove the one that nobody needs by hand; then deploy again'];
    return [{ kind: 'user', reason, advice }];
  });
}

/** Snapshots that somebody else took, and that are in the way. */
export function foreignSnapshotsRefusal(what: string, names: readonly string[]): Refusal[] {
  if (names.length === 0) return [];
  return [
    {
      kind: 'user',
      reason: `${what}: it has snapshots that somebody else took (${names.join(', ')}), and they would go`,
      advice: [`let them go, in container.yml: drop_snapshots: [${names.join(', ')}]`, 'or remove them by hand'],
    },
  ];
}

export function reservedNote(reserved: readonly string[], can: boolean | undefined): string[] {
  return reserved.length === 0 || can === false ? [] : [`needs root@pam's own login: ${reserved.join(', ')}`];
}

/** `share`: the container that serves /share, when this one is to have it from there. */
export function dependencyRefusals(
  vmid: number,
  dependencies: readonly Dependency[],
  share: string | undefined,
): Refusal[] {
  const missing = dependencies.filter(({ state }) => state !== 'running');
  if (missing.length === 0) return [];
  return [
    {
      kind: 'busy',
      always: true,
      reason: `Unable to deploy container ${vmid}: what it depends on is not running: ${missing.map(describe).join('; ')}`,
      advice: [
        'deploy that first, then run again',
        ...(missing.some(({ name }) => name !== share) ? ['or take it out of depends'] : []),
        ...(missing.some(({ name }) => name === share) ? SHARE_ADVICE : []),
      ],
    },
  ];
}

const SHARE_ADVICE = [
  'MOUNT=share is the share of that container, which libs/share is',
  'another server of it: the setting share as //host/name; a directory of the node: MOUNT=/host/path:/share',
];

export function dependencyNotes(dependencies: readonly Dependency[], share: string | undefined): string[] {
  return dependencies.map((dependency) => {
    const what = dependency.name === share && dependency.state === 'running' ? ', and serves /share by SMB' : '';
    return `depends on ${describe(dependency)}${what}`;
  });
}

/** A run of a commit that came before the deployed one: a queue that ran in the wrong order, or somebody's old checkout. */
export function olderRefusal(vmid: number, wanted: string | undefined, deployed: string | undefined): Refusal[] {
  if (wanted === undefined || deployed === undefined) return [];
  const [old, young] = [wanted.slice(0, 12), deployed.slice(0, 12)];
  return [
    {
      kind: 'user',
      always: true,
      reason: `Unable to deploy container ${vmid}: commit ${old} is older than ${young}, which it has`,
      advice: [
        `to go back on purpose: pve-gitops rollback DIR --to ${old}`,
        'or revert in git, which makes a new commit',
      ],
    },
  ];
}

function describe({ name, vmid, stage, state }: Dependency): string {
  if (state === 'absent') return `${name}, which is not there`;
  const words = { running: 'runs', stopped: 'is stopped', retired: 'is retired' } as const;
  return `${name}: container ${vmid} (stage ${stage}) ${words[state]}`;
}
