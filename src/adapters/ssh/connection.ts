import { randomBytes } from 'node:crypto';
import { programEnvironment } from '../process/environment.ts';
import { createLines } from '../process/lines.ts';
import type { Mask } from '../process/mask.ts';
import { startGroup } from '../process/process-group.ts';
import { createTail } from '../process/tail.ts';
import { guardLine } from './remote-scripts.ts';
import { type MasterOptions, masterArguments } from './ssh-arguments.ts';

const STDERR_BYTES = 16 * 1024;
/** The guard gives commands two seconds before it kills them. */
const CLOSE_MS = 5_000;

/** A standing ssh connection with the guard at its other end. */
export interface Connection {
  /** The guard's directory in the container; undefined: the connection ended before it was one. */
  readonly ready: Promise<string | undefined>;
  /** Resolves when the connection is gone, for whatever reason. */
  readonly ended: Promise<void>;
  /** What ssh said, masked. */
  stderr(): string;
  /** Sends the guard a line and waits for its answer's last word; undefined: none came in time. */
  ask(verb: 'end' | 'code', number: number, timeoutMs: number): Promise<string | undefined>;
  close(): Promise<void>;
}

export function openConnection(name: string, options: MasterOptions, mask: Mask | undefined): Connection {
  const nonce = randomBytes(12).toString('hex');
  const group = startGroup({
    name,
    file: 'ssh',
    args: masterArguments(options, guardLine(nonce)),
    env: programEnvironment(),
    withInput: true,
  });
  const said = createTail(STDERR_BYTES);
  const waiting = new Map<string, (answer: string) => void>();
  let announce = (_directory: string) => {};
  const announced = new Promise<string>((resolve) => {
    announce = resolve;
  });
  const stdout = createLines({
    onLine(line) {
      const [mine, verb, first = '', second = 'yes'] = line.split(' ');
      if (mine !== nonce) return;
      if (verb === 'ready') announce(first);
      else waiting.get(`${verb} ${first}`)?.(second);
    },
  });
  const stderr = createLines({ ...(mask === undefined ? {} : { mask }), onText: (text) => said.add(text) });
  group.stdout.on('data', (chunk: Buffer) => stdout.write(chunk));
  group.stderr.on('data', (chunk: Buffer) => stderr.write(chunk));
  group.stderr.once('close', () => stderr.end());
  // A connection that is gone is seen by its end.
  group.stdin?.on('error', () => undefined);
  const ended = group.ended.then(() => undefined);
  ended.catch(() => undefined);

  return {
    ready: Promise.race([announced, ended]).then((directory) => directory ?? undefined),
    ended: ended.catch(() => undefined),
    stderr: () => said.text(),
    async ask(verb, number, timeoutMs) {
      const key = `${verb === 'end' ? 'ended' : verb} ${number}`;
      const answer = new Promise<string>((resolve) => waiting.set(key, resolve));
      group.stdin?.write(`${verb} ${number}\n`);
      try {
        return await within(timeoutMs, answer, group.ended);
      } finally {
        waiting.delete(key);
      }
    },
    async close() {
      group.stdin?.end();
      await within(CLOSE_MS, group.ended);
      await group.stop();
    },
  };
}

/** The wanted answer, or undefined when the time or the connection is over first. */
async function within<T>(timeoutMs: number, wanted: Promise<T>, over?: Promise<unknown>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, undefined);
  });
  const gone = over?.then(
    () => undefined,
    () => undefined,
  );
  try {
    return await Promise.race([wanted, late, ...(gone === undefined ? [] : [gone])]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
