import type { Backups, Clones, Placement, Snapshots, Surroundings, Volumes } from './container-ports.ts';
import type { ContainerState, Guest, OfferedTemplate, StorageState, TaskState, TemplateFile } from './observed.ts';
import type { CheckResult, StepResult } from './outcome.ts';
import type { Parameters } from './plan.ts';
import type { Opened } from './secret-keys.ts';
import type { Origin } from './settings.ts';

/** Every call that waits takes its deadline and a signal that ends it early. */
export interface Call {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Reads. An empty list may be a filtered one; a missing permission throws and is never `undefined`. */
export interface Inventory {
  guests(call: Call): Promise<readonly Guest[]>;
  /**
   * undefined only when the server says that the container does not exist on this node. `listed`: one that the guests' list has as
   * running is taken for running, which is one call in place of two; the list lags by seconds.
   */
  container(
    node: string,
    vmid: number,
    call: Call,
    listed?: Pick<Guest, 'status'>,
  ): Promise<ContainerState | undefined>;
  /** Whether the cluster has this vmid free, whoever may see its user. */
  vmidFree(vmid: number, call: Call): Promise<boolean>;
  nextVmid(call: Call): Promise<number>;
  /** Names of nodes that are online; the answering node first. */
  nodes(call: Call): Promise<readonly string[]>;
  storages(node: string, call: Call): Promise<readonly StorageState[]>;
  templates(node: string, storage: string, call: Call): Promise<readonly TemplateFile[]>;
  offeredTemplates(node: string, call: Call): Promise<readonly OfferedTemplate[]>;
  /** Newest first. */
  tasks(node: string, vmid: number, call: Call): Promise<readonly TaskState[]>;
  taskLog(node: string, upid: string, call: Call): Promise<readonly string[]>;
  /** Current addresses of a running container, without loopback. */
  addresses(node: string, vmid: number, call: Call): Promise<readonly string[]>;
  /** The server's clock, from the last answer's Date; undefined before the first answer. */
  serverTime(): Date | undefined;
}

/** Programs of this machine. */
export interface Programs {
  /** What the SSH client calls itself; undefined: there is none. */
  sshClient(call: Call): Promise<string | undefined>;
}

/** How a task ended well; a task that failed throws with its log tail. */
export interface SettledTask {
  readonly upid: string;
  readonly warnings: readonly string[];
  readonly log: readonly string[];
}

/** Writes. None is ever sent twice; each returns when its task has settled. */
export interface Containers {
  create(node: string, vmid: number, parameters: Parameters, call: Call): Promise<SettledTask>;
  /** Values are sent with the digest; a stale one throws kind busy. `reserved`: only a login of root@pam may. */
  update(
    node: string,
    vmid: number,
    change: { readonly set: Parameters; readonly remove: readonly string[]; readonly reserved?: true },
    digest: string,
    call: Call,
  ): Promise<void>;
  /** size in GiB, absolute */
  resize(node: string, vmid: number, disk: string, size: number, digest: string, call: Call): Promise<SettledTask>;
  start(node: string, vmid: number, call: Call): Promise<SettledTask>;
  /** Clean shutdown, forced after the timeout. */
  shutdown(node: string, vmid: number, graceSeconds: number, call: Call): Promise<SettledTask>;
  reboot(node: string, vmid: number, graceSeconds: number, call: Call): Promise<SettledTask>;
  destroy(node: string, vmid: number, call: Call): Promise<SettledTask>;
  /** Into this pool, out of any other. */
  pool(vmid: number, pool: string, call: Call): Promise<void>;
  downloadTemplate(node: string, storage: string, template: string, call: Call): Promise<SettledTask>;
  /** Waits for a task that someone (an earlier run of ours) started. */
  settle(node: string, upid: string, call: Call): Promise<SettledTask>;
}

/** Compare-and-set on a container's description. */
export interface Marks {
  /** false: the digest was stale, nothing was written. */
  write(node: string, vmid: number, description: string, digest: string, call: Call): Promise<boolean>;
}

/** Where commands of a container go, and how it proves itself. */
export interface Target {
  readonly vmid: number;
  readonly node: string;
  readonly address: string;
  /** SHA256:… fingerprints, at least one. */
  readonly hostKeys: readonly string[];
}

export interface RemoteCommand {
  /** For messages: `baseline`, `configure.sh`, `check unit apache2`. */
  readonly name: string;
  /** Program and arguments; quoting is the adapter's business. */
  readonly argv: readonly string[];
  readonly input?: Uint8Array | AsyncIterable<Uint8Array>;
  /** Called per complete line, secrets masked. */
  readonly onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
}

export interface CommandResult {
  readonly exitCode: number;
  /** Complete standard output, secrets masked; at most 1 MiB, its end. */
  readonly stdout: string;
  readonly stderr: string;
}

/** One multiplexed connection into a container. */
export interface Shell {
  /** A command that ran and failed is a result; one that could not run throws. */
  run(command: RemoteCommand, call: Call): Promise<CommandResult>;
  close(): Promise<void>;
}

export interface Shells {
  /** Waits until the container answers and the host key is one of the target's. */
  open(target: Target, call: Call): Promise<Shell>;
  /** Whether this address answers at all (to find out that an address is taken). */
  answers(address: string, call: Call): Promise<boolean>;
  /** Those of the TCP ports that take a connection from here. */
  openPorts(address: string, ports: readonly number[], call: Call): Promise<readonly number[]>;
}

/** A definition's directory. */
export interface Source {
  /** Regular files directly in the directory whose names are asked for; missing ones are absent. */
  read(directory: string, names: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Whether it is a directory, and the names in it, sorted. undefined: no such directory. */
  list(directory: string): Promise<readonly string[] | undefined>;
  /** SHA-256 over names, modes and contents of all files that an engine gets, in hex. */
  digest(directory: string): Promise<string>;
  /** The same files as a tar stream; mode and executable bit kept, owner root. */
  archive(directory: string): AsyncIterable<Uint8Array>;
  /**
   * The content of its `data` as a tar stream, as it stands: owners as the container counts them, modes, times. Its last entry
   * `.pve-gitops-sums` lists every file's SHA-256. undefined: there is none.
   */
  data(directory: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** HEAD's full hash when the directory is in a git repository, with `dirty` when files differ from it. */
  commit(directory: string): Promise<{ readonly hash: string; readonly dirty: boolean } | undefined>;
  /** Full hash of a commit that is named in any way git knows. */
  resolve(directory: string, name: string): Promise<string>;
  /** The same directory at another commit, in a private place until it is closed. */
  at(directory: string, commit: string): Promise<{ readonly directory: string; close(): Promise<void> }>;
  /** Whether one commit comes before the other; undefined: the repository cannot tell. */
  isAncestor(directory: string, older: string, newer: string): Promise<boolean | undefined>;
  /** Files of the directory that differ between two commits, each with git's letter for how. */
  changedFiles(directory: string, before: string, after: string): Promise<readonly string[]>;
}

/** The site's own store of what containers tell each other, for sites without a forge. Never a secret. */
export interface Variables {
  all(): Promise<Readonly<Record<string, string>>>;
  /** Names of upper-case letters, digits and `_`. Others that are there stay. */
  keep(values: Readonly<Record<string, string>>): Promise<void>;
}

/** The site's SSH user CA and its secret key for hashes. */
export interface Keys {
  /** One authorized_keys line's key part: `ssh-ed25519 AAAA…`. Made on first use. */
  authority(): Promise<string>;
  /** HMAC-SHA256 under a key of the site, hex. */
  seal(parts: readonly string[]): Promise<string>;
  /** A throw-away key with its certificate, as texts of files, for a login by something else than this machine. */
  login(
    principal: string,
    limits: { readonly minutes: number /** The only address that it counts from. */; readonly from: string },
    call: Call,
  ): Promise<{ readonly privateKey: string; readonly certificate: string }>;
}

export interface Secrets {
  /** From now on every line of this value is masked in everything that is shown. */
  mask(value: string): void;
  /** A variable of the run's environment, masked from now on; undefined: not set, or empty. */
  value(variable: string): string | undefined;
  /** A value of a secrets.env, masked from now on. */
  open(sealed: Uint8Array): Promise<Opened>;
}

export interface Clock {
  now(): Date;
  /** Resolves after ms, rejects when the signal ends it. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Tells runs apart, and whether the process of one still lives. */
export interface Runs {
  /** Unique for this process on this boot of this machine. */
  readonly id: string;
  /** For people: the workflow run's address, or user and host. */
  readonly by: string;
  /** undefined: it ran on another machine, so nobody here can tell. */
  alive(run: string): Promise<boolean | undefined>;
}

/** What a run tells while it runs. */
export type Event =
  | { readonly kind: 'stage'; readonly title: string }
  | { readonly kind: 'setting'; readonly key: string; readonly value: string; readonly origin: Origin }
  /** Something that may take long began; the reporter shows its time until `finished` or `failed` comes. */
  | { readonly kind: 'started'; readonly what: string }
  | { readonly kind: 'line'; readonly text: string }
  /** `text`: how it ended, for what is no step. */
  | { readonly kind: 'finished'; readonly what: string; readonly text?: string; readonly result?: StepResult }
  | { readonly kind: 'failed'; readonly what: string; readonly message: string }
  | { readonly kind: 'check'; readonly result: CheckResult }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'warning'; readonly text: string };

export interface Reporter {
  tell(event: Event): void;
}

/** All that a run needs from outside; src/connect.ts makes it. */
export interface Ports {
  readonly inventory: Inventory;
  readonly containers: Containers;
  readonly marks: Marks;
  readonly snapshots: Snapshots;
  readonly clones: Clones;
  readonly volumes: Volumes;
  readonly backups: Backups;
  readonly placement: Placement;
  readonly surroundings: Surroundings;
  readonly shells: Shells;
  readonly source: Source;
  readonly keys: Keys;
  readonly variables: Variables;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly runs: Runs;
  readonly reporter: Reporter;
  close(): Promise<void>;
}
