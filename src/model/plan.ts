/** What a change costs the people who use the container. */
export type Disruption = 'none' | 'restart' | 'replace';

/** One field that differs. Texts are as shown to people; secrets never stand here. */
export interface Change {
  readonly field: string;
  readonly from?: string;
  readonly to?: string;
  readonly disruption: Disruption;
  /** Why it costs that, where it is not plain. */
  readonly note?: string;
}

/** Proxmox VE parameters of a create or config call, without description and SSH keys (apply adds them). */
export type Parameters = Readonly<Record<string, string | number>>;

export interface DownloadStep {
  readonly kind: 'download';
  readonly node: string;
  readonly storage: string;
  /** Name in the node's template index. */
  readonly template: string;
}

export interface CreateStep {
  readonly kind: 'create';
  readonly node: string;
  readonly vmid: number;
  /** volid */
  readonly template: string;
  readonly parameters: Parameters;
  /** What will be made, field by field, for people. */
  readonly changes: readonly Change[];
}

export interface UpdateStep {
  readonly kind: 'update';
  readonly set: Parameters;
  readonly remove: readonly string[];
  readonly changes: readonly Change[];
}

export interface ResizeStep {
  readonly kind: 'resize';
  readonly disk: string;
  /** GiB, absolute */
  readonly size: number;
  readonly changes: readonly Change[];
}

/** Cannot be applied yet by this version: shown, and refused. */
export interface ReplaceStep {
  readonly kind: 'replace';
  readonly changes: readonly Change[];
}

export interface PowerStep {
  readonly kind: 'start' | 'restart' | 'stop' | 'destroy';
}

export interface GuestStep {
  readonly kind: 'baseline' | 'configure';
}

export type Step = (DownloadStep | CreateStep | UpdateStep | ResizeStep | ReplaceStep | PowerStep | GuestStep) & {
  readonly reason: string;
  readonly disruption: Disruption;
};

export interface Plan {
  readonly name: string;
  readonly stage: string;
  readonly vmid: number;
  /** ID of the definition, when vmid was made from it. */
  readonly id?: number;
  readonly node: string;
  readonly hostname: string;
  /** Address to show, e.g. `192.168.178.42/24` or `dhcp`; with the definition's own when it was translated. */
  readonly address: string;
  readonly steps: readonly Step[];
  /** Things worth knowing that change nothing: a newer template, a full storage, a pending value made by hand. */
  readonly notes: readonly string[];
}
