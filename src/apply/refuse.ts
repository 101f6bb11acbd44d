import { GitopsError } from '../model/errors.ts';
import type { Plan } from '../model/plan.ts';

/** Throws for a plan that cannot be carried out, before anything is changed. */
export function refuse(plan: Plan): void {
  const [first, ...more] = plan.refusals;
  if (first !== undefined) {
    const advice = [...first.advice, ...more.map(({ reason }) => `beside it: ${reason}`)];
    throw new GitopsError(first.kind, first.reason, { advice });
  }
  const step = plan.steps.find((entry) => entry.kind === 'replace');
  if (step === undefined) return;
  throw new GitopsError(
    'user',
    `Unable to apply the plan of container ${plan.vmid}: it needs a replace (${step.reason})`,
    {
      advice: [
        'this version shows a replace and does not carry it out; nothing was changed',
        'take the change back in git, or destroy the container on purpose: pve-gitops destroy DIR',
      ],
    },
  );
}
