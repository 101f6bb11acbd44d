/** What a task of the site came to for one container. */
export interface FleetReport {
  readonly name: string;
  readonly stage: string;
  readonly vmid: number;
  /** skipped: left as it was, for the reason that `text` says. */
  readonly state: 'ok' | 'changed' | 'skipped' | 'failed';
  readonly text: string;
  readonly details: readonly string[];
}
