/**
 * Everything that this back end does to the host outside its state directory, one kind each. A change is written
 * down before it is made, so taking one back must do nothing when it was never made, and must not touch what
 * somebody else made under the same name.
 */
export type HostChange =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'mount'; readonly path: string }
  | { readonly kind: 'link'; readonly name: string; readonly address: string }
  | { readonly kind: 'nft'; readonly family: string; readonly table: string }
  /** One rule in a chain of somebody else's, found again by its comment. */
  | {
      readonly kind: 'nft-rule';
      readonly family: string;
      readonly table: string;
      readonly chain: string;
      readonly comment: string;
    }
  | { readonly kind: 'iptables'; readonly chain: string; readonly rule: readonly string[] }
  | { readonly kind: 'firewalld'; readonly name: string }
  | { readonly kind: 'process'; readonly pidFile: string; readonly mark: string }
  | { readonly kind: 'cgroup'; readonly name: string }
  /** The next three are shared with other nodes of this machine: the last one that needs it takes it back. */
  | { readonly kind: 'shared-directory'; readonly path: string }
  | { readonly kind: 'sysctl'; readonly path: string; readonly before: string; readonly after: string }
  | { readonly kind: 'line'; readonly file: string; readonly line: string; readonly existed: boolean };

export type SharedChange = Extract<HostChange, { kind: 'shared-directory' | 'sysctl' | 'line' }>;

/** Two changes with one key are the same change. */
export function changeKey(change: HostChange): string {
  switch (change.kind) {
    case 'directory':
    case 'shared-directory':
    case 'mount':
      return `${change.kind} ${change.path}`;
    case 'sysctl':
      return `${change.kind} ${change.path}`;
    case 'link':
      return `${change.kind} ${change.name} ${change.address}`;
    case 'nft':
      return `${change.kind} ${change.family} ${change.table}`;
    case 'nft-rule':
      return `${change.kind} ${change.family} ${change.table} ${change.chain} ${change.comment}`;
    case 'iptables':
      return `${change.kind} ${change.chain} ${change.rule.join(' ')}`;
    case 'firewalld':
    case 'cgroup':
      return `${change.kind} ${change.name}`;
    case 'process':
      return `${change.kind} ${change.pidFile}`;
    case 'line':
      return `${change.kind} ${change.file} ${change.line}`;
    default:
      return change satisfies never;
  }
}

export function isShared(change: HostChange): change is SharedChange {
  return change.kind === 'shared-directory' || change.kind === 'sysctl' || change.kind === 'line';
}
