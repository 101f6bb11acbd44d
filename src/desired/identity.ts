/** Which container a definition is for: who owns it, under which name, in which stage, at which commit. */
export interface Who {
  readonly name: string;
  /** Repository, e.g. `srv/apache`. */
  readonly owner: string;
  readonly stage: string;
  /** Full hash; absent outside git. */
  readonly commit?: string;
}
