import type { Change, DataLine, Disruption, Plan, Step } from '../model/plan.ts';
import { PLAIN, plural, type Style } from './style.ts';

const COST: Readonly<Record<Disruption, string>> = { none: '', restart: 'restart', replace: 'replace' };

/** `apache (main) · ID 42 → vmid 1042 on node pve · 192.168.178.42/24` */
export function planTitle(plan: Plan): string {
  const vmid = plan.id === undefined ? `vmid ${plan.vmid}` : `ID ${plan.id} → vmid ${plan.vmid}`;
  return `${plan.name} (${plan.stage}) · ${vmid} on node ${plan.node} · ${plan.address}`;
}

/** The verb of a step as people say it. */
export function stepTitle(step: Step): string {
  switch (step.kind) {
    case 'download':
      return `download template ${step.template} to ${step.storage}`;
    case 'image':
      return `build base image ${step.name}`;
    case 'create':
      return step.image === undefined
        ? `create container ${step.vmid}`
        : `clone container ${step.vmid} from image ${step.image.name}`;
    case 'update':
      return 'update config';
    case 'resize':
      return `grow ${step.disk} to ${step.size} GiB`;
    case 'move':
      return `move ${step.disk} to storage ${step.storage}`;
    case 'migrate':
      return step.storage === undefined
        ? `migrate to node ${step.to}`
        : `migrate to node ${step.to}, with its disks on storage ${step.storage}`;
    case 'pool':
      return `move to pool ${step.pool}`;
    case 'discard':
      return `destroy volume ${step.volume} (${step.volid})`;
    case 'keep':
      return step.way.kind === 'backup'
        ? `keep a backup on ${step.way.storage}`
        : step.way.kind === 'snapshot'
          ? 'keep a snapshot'
          : 'keep the last good commit';
    case 'replace':
    case 'retire':
    case 'revive':
    case 'start':
    case 'restart':
    case 'stop':
    case 'destroy':
    case 'baseline':
    case 'configure':
      return step.kind;
    default:
      return step satisfies never;
  }
}

export function changeText(change: Change): string {
  const from = change.from === undefined || change.from === '' ? '' : `${change.from} → `;
  const to = change.to === undefined || change.to === '' ? '(removed)' : change.to;
  const note = change.note === undefined ? '' : ` (${change.note})`;
  const drift = change.drift === true ? ' [changed by hand]' : '';
  return `${change.field}: ${from}${to}${note}${drift}`;
}

export function changesOf(step: Step): readonly Change[] {
  return 'changes' in step ? step.changes : [];
}

/** `nothing to change` or `5 steps, no restart`. */
export function verdict(plan: Plan): string {
  if (plan.steps.length === 0) return 'nothing to change';
  const has = (disruption: Disruption): boolean => plan.steps.some((step) => step.disruption === disruption);
  const does = (kind: Step['kind']): boolean => plan.steps.some((step) => step.kind === kind);
  const ends = does('retire') ? 'the container is retired' : does('stop') ? 'the container is stopped' : undefined;
  const cost = does('destroy')
    ? 'the container is destroyed'
    : (ends ?? (has('replace') ? 'needs a replace' : has('restart') ? 'with a restart' : 'no restart'));
  return `${plural(plan.steps.length, 'step')}, ${cost}`;
}

const FATES: Readonly<Record<DataLine['fate'], string>> = {
  new: 'new',
  kept: 'kept',
  attached: 'comes back',
  detached: 'detached, kept',
  destroyed: 'DESTROYED',
};

/** `data (8 GiB at /srv/data) kept` */
export function dataText({ name, fate, size, path }: DataLine): string {
  const where = [size === undefined ? undefined : `${size} GiB`, path === undefined ? undefined : `at ${path}`];
  const known = where.filter((part) => part !== undefined).join(' ');
  return `${name}${known === '' ? '' : ` (${known})`} ${FATES[fate]}`;
}

const GOOD: ReadonlySet<Step['kind']> = new Set(['create', 'download', 'image', 'revive']);
const BAD: ReadonlySet<Step['kind']> = new Set(['destroy', 'replace', 'discard', 'retire']);

/** Every plan ends with it, and with the way back: what becomes of the root file system and of each volume. */
export function dataLine({ data }: Plan, style: Style = PLAIN): string {
  if (data.length === 0) return 'none';
  return data.map((line) => (line.fate === 'destroyed' ? style.bad(dataText(line)) : dataText(line))).join(' · ');
}

export function renderPlan(plan: Plan, style: Style = PLAIN): string[] {
  const lines = [style.bold(planTitle(plan))];
  for (const step of plan.steps) {
    const sign = GOOD.has(step.kind) ? style.good('+') : BAD.has(step.kind) ? style.bad('-') : style.warn('~');
    const cost = COST[step.disruption] === '' ? '' : style.warn(` [${COST[step.disruption]}]`);
    lines.push(`  ${sign} ${stepTitle(step)}${cost} ${style.dim(`because ${step.reason}`)}`);
    for (const change of changesOf(step)) lines.push(`      ${changeText(change)}`);
  }
  for (const note of plan.notes) lines.push(`  ${style.dim('note:')} ${note}`);
  for (const { reason, advice } of plan.refusals) {
    lines.push(`  ${style.bad('refused:')} ${reason}`, ...advice.map((text) => `      ${style.dim('→')} ${text}`));
  }
  lines.push(`  ${style.bold(verdict(plan))}`);
  lines.push(`  ${style.dim('data:')} ${dataLine(plan, style)}`, `  ${style.dim('way back:')} ${plan.wayBack}`);
  return lines;
}
