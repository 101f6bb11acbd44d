/** What `doctor` looks at, in the order in which it is shown. */
export type Area =
  | 'settings'
  | 'definition'
  | 'hosts'
  | 'cluster'
  | 'identity'
  | 'privileges'
  | 'storages'
  | 'network'
  | 'template'
  | 'container'
  | 'programs';

/** One thing that was looked at. */
export interface Finding {
  readonly area: Area;
  readonly status: 'ok' | 'warning' | 'problem';
  /** One line. */
  readonly text: string;
  /** What mends it: sentences, or commands as they are typed. */
  readonly fix: readonly string[];
  /** Of a problem: whose turn it is. user: a file or a setting; remote: the server, or the way to it; host: this machine. */
  readonly kind?: 'user' | 'remote' | 'host';
  /** Of a missing privilege. */
  readonly privilege?: { readonly name: string; readonly path: string };
}
