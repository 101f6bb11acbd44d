import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { type Clock, seconds } from '../clock.ts';
import { errorText } from '../http/answer.ts';
import { writeAtomically } from '../store/files.ts';
import { formatUpid, parseUpid, type Upid } from './upid.ts';

/** A task's record on disk; without end it runs, or ran when the node was killed. */
export interface TaskRecord {
  readonly upid: string;
  /** A task that another one started: Proxmox VE lists it nowhere. */
  readonly inner?: true;
  readonly endtime?: number;
  readonly exitstatus?: string;
}

/** What a worker gets. */
export interface TaskContext {
  readonly upid: string;
  readonly signal: AbortSignal;
  /** A line that begins with `WARN: ` makes the task end with WARNINGS. */
  log(line: string): void;
}

export type Work = (task: TaskContext) => Promise<void>;

/** Runs before each task's work; may wait, log or throw (faults). */
export type Intercept = (task: Upid, context: TaskContext) => Promise<void>;

export interface TaskOptions {
  /** Another task started it: it is listed nowhere. */
  readonly inner?: true;
  /** What to take back when the work never begins (a fault). */
  readonly abandoned?: () => Promise<void>;
}

interface Running {
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/** Finished tasks beyond this many are forgotten at start, oldest first. */
const KEPT = 2000;

/** Tasks in a directory: <state>/tasks/<upid>/{status.json,log}. */
export class Tasks {
  readonly #directory: string;
  readonly #nodeOf: (id: string) => string;
  readonly #clock: Clock;
  readonly #records = new Map<string, TaskRecord>();
  readonly #running = new Map<string, Running>();
  #intercept: Intercept = async () => {};
  #pid = 1000 + Math.floor(Math.random() * 20_000);

  /** Ends what a killed node left running: status `unexpected status`. */
  constructor(stateDirectory: string, nodeOf: (id: string) => string, clock: Clock) {
    this.#directory = join(stateDirectory, 'tasks');
    this.#nodeOf = nodeOf;
    this.#clock = clock;
    mkdirSync(this.#directory, { recursive: true });
    const names = readdirSync(this.#directory).filter((name) => parseUpid(name) !== undefined);
    const started = (name: string): number => parseUpid(name)?.starttime ?? 0;
    names.sort((a, b) => started(a) - started(b));
    for (const name of names.splice(0, Math.max(0, names.length - KEPT))) {
      rmSync(join(this.#directory, name), { recursive: true, force: true });
    }
    for (const name of names) this.#load(name);
  }

  set intercept(intercept: Intercept) {
    this.#intercept = intercept;
  }

  /** Starts a worker and returns its name at once. `user` may carry a token. */
  start(type: string, id: string, user: string, work: Work, options: TaskOptions = {}): string {
    this.#pid += 1 + Math.floor(Math.random() * 20);
    const pstart = Math.floor(uptime() * 100);
    const upid = formatUpid({
      node: this.#nodeOf(id),
      pid: this.#pid,
      pstart,
      starttime: seconds(this.#clock),
      type,
      id,
      user,
    });
    mkdirSync(join(this.#directory, upid), { recursive: true });
    this.#save({ upid, ...(options.inner === undefined ? {} : { inner: options.inner }) });
    const abort = new AbortController();
    this.#running.set(upid, { abort, done: this.#run(upid, abort.signal, work, options.abandoned) });
    return upid;
  }

  /** A task of the past that this node did not run: for tests. */
  add(parts: Omit<Upid, 'upid' | 'tokenid'>, exitstatus: string): void {
    const upid = formatUpid(parts);
    this.#save({ upid, endtime: parts.starttime, exitstatus });
  }

  /** Newest first; those that other tasks started are left out. */
  all(): readonly TaskRecord[] {
    return [...this.#records.values()].filter(({ inner }) => inner !== true).reverse();
  }

  get(upid: string): TaskRecord | undefined {
    return this.#records.get(upid);
  }

  isRunning(upid: string): boolean {
    return this.#running.has(upid);
  }

  /** Names of those at work. */
  running(): readonly string[] {
    return [...this.#running.keys()];
  }

  /** undefined: no log file. */
  log(upid: string): readonly string[] | undefined {
    const file = join(this.#directory, upid, 'log');
    if (!existsSync(file)) return undefined;
    return readFileSync(file, 'utf8').split('\n').slice(0, -1);
  }

  stop(upid: string): void {
    this.#running.get(upid)?.abort.abort(new Error('interrupted by signal'));
  }

  /** Resolves when the task has ended; at once when it has. */
  async settled(upid: string): Promise<void> {
    await this.#running.get(upid)?.done;
  }

  /** Stops all and waits for their ends. */
  async close(): Promise<void> {
    for (const { abort } of this.#running.values()) abort.abort(new Error('interrupted by signal'));
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  async #run(upid: string, signal: AbortSignal, work: Work, abandoned?: () => Promise<void>): Promise<void> {
    let warnings = 0;
    const log = (line: string): void => {
      if (line.startsWith('WARN: ')) warnings += 1;
      appendFileSync(join(this.#directory, upid, 'log'), `${line}\n`);
    };
    const parts = parseUpid(upid);
    const context: TaskContext = { upid, signal, log };
    let exitstatus = 'OK';
    try {
      // the answer with the name goes out before the work begins
      await new Promise((resolve) => setImmediate(resolve));
      if (parts !== undefined) await this.#beforeWork(parts, context, abandoned);
      await work(context);
      if (warnings > 0) exitstatus = `WARNINGS: ${warnings}`;
      log(warnings > 0 ? `TASK WARNINGS: ${warnings}` : 'TASK OK');
    } catch (error) {
      exitstatus = errorText(error).trimEnd().replaceAll('\n', ' ');
      log(`TASK ERROR: ${exitstatus}`);
    }
    this.#running.delete(upid);
    this.#save({ ...this.#records.get(upid), upid, endtime: seconds(this.#clock), exitstatus });
  }

  async #beforeWork(parts: Upid, context: TaskContext, abandoned?: () => Promise<void>): Promise<void> {
    try {
      await this.#intercept(parts, context);
    } catch (error) {
      await abandoned?.();
      throw error;
    }
  }

  #load(upid: string): void {
    const file = join(this.#directory, upid, 'status.json');
    const record: TaskRecord = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as TaskRecord) : { upid };
    if (record.endtime !== undefined) this.#records.set(upid, record);
    else this.#save({ upid, endtime: seconds(this.#clock), exitstatus: 'unexpected status' });
  }

  #save(record: TaskRecord): void {
    this.#records.set(record.upid, record);
    writeAtomically(join(this.#directory, record.upid, 'status.json'), `${JSON.stringify(record)}\n`);
  }
}
