import type { Change, Disruption, Plan, Step } from '../model/plan.ts';
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
    case 'create':
      return `create container ${step.vmid}`;
    case 'update':
      return 'update config';
    case 'resize':
      return `grow ${step.disk} to ${step.size} GiB`;
    case 'replace':
      return 'replace';
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
  return `${change.field}: ${from}${to}${note}`;
}

export function changesOf(step: Step): readonly Change[] {
  return 'changes' in step ? step.changes : [];
}

/** `nothing to change` or `5 steps, no restart`. */
export function verdict(plan: Plan): string {
  if (plan.steps.length === 0) return 'nothing to change';
  const has = (disruption: Disruption): boolean => plan.steps.some((step) => step.disruption === disruption);
  const destroys = plan.steps.some((step) => step.kind === 'destroy');
  const cost = destroys
    ? 'the container is destroyed'
    : has('replace')
      ? 'needs a replace'
      : has('restart')
        ? 'with a restart'
        : 'no restart';
  return `${plural(plan.steps.length, 'step')}, ${cost}`;
}

export function renderPlan(plan: Plan, style: Style = PLAIN): string[] {
  const lines = [style.bold(planTitle(plan))];
  for (const step of plan.steps) {
    const sign =
      step.kind === 'create' || step.kind === 'download'
        ? style.good('+')
        : step.kind === 'destroy' || step.kind === 'replace'
          ? style.bad('-')
          : style.warn('~');
    const cost = COST[step.disruption] === '' ? '' : style.warn(` [${COST[step.disruption]}]`);
    lines.push(`  ${sign} ${stepTitle(step)}${cost} ${style.dim(`because ${step.reason}`)}`);
    for (const change of changesOf(step)) lines.push(`      ${changeText(change)}`);
  }
  for (const note of plan.notes) lines.push(`  ${style.dim('note:')} ${note}`);
  lines.push(`  ${style.bold(verdict(plan))}`);
  return lines;
}
