import type { Change, Plan, Step } from './plan.ts';

export interface CheckResult {
  readonly check: string;
  readonly ok: boolean;
  /** What was seen; for a failure, what was expected and what came. */
  readonly detail: string;
}

export interface StepResult {
  readonly kind: Step['kind'];
  readonly summary: string;
  readonly changes: readonly Change[];
  /** What the script inside the container said it changed, one per line. */
  readonly changed: readonly string[];
  readonly warnings: readonly string[];
  readonly milliseconds: number;
}

/** What a run came to. */
export type Outcome =
  | {
      readonly kind: 'planned';
      readonly plan: Plan;
    }
  | {
      readonly kind: 'done';
      readonly plan: Plan;
      readonly results: readonly StepResult[];
      readonly checks: readonly CheckResult[];
      /** Addresses to try: URLs of the container's services. */
      readonly urls: readonly string[];
      readonly milliseconds: number;
      /** Of a rollback: the commit that ran before, and the one that runs now. */
      readonly back?: { readonly from?: string; readonly to: string };
    }
  | {
      readonly kind: 'failed';
      readonly plan?: Plan;
      readonly results: readonly StepResult[];
      readonly checks: readonly CheckResult[];
      /** The step that failed. */
      readonly step: string;
      readonly message: string;
      /** Last lines of the task or script that failed. */
      readonly log: readonly string[];
      readonly advice: readonly string[];
      /** What runs now. */
      readonly serving: string;
      readonly exitCode: number;
    };
