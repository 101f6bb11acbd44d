import type { Event, Reporter } from '../model/ports.ts';
import { plainLine } from './plain-text.ts';
import { duration, PLAIN, type Style } from './style.ts';

/** Where the lines of a run go. Time and timers are handed in, so that the renderer itself stays pure. */
export interface ProgressOptions {
  /** Writes one complete line. */
  line(text: string): void;
  /** Rewrites the line at the bottom of a terminal; absent: not a terminal. */
  readonly status?: (text: string) => void;
  /** Milliseconds from some fixed moment. */
  now(): number;
  /** Calls back every so many milliseconds until the returned function is called. */
  every(milliseconds: number, tick: () => void): () => void;
  readonly style?: Style;
  /** Folded groups of a forge's log. */
  readonly group?: { open(title: string): void; close(): void };
  /** Also lines that scripts print on the way. */
  readonly verbose: boolean;
}

/** A line at least this often while something is at work, because forges take a silent job for dead. */
const HEARTBEAT_MS = 20_000;

export interface Progress extends Reporter {
  close(): void;
}

/** Something that began and has not ended. */
interface Running {
  readonly what: string;
  readonly since: number;
  /** The last line that was said meanwhile. */
  detail: string;
}

/** Turns events into lines: one per step when it ends, with its time; what it changed below; a heartbeat in between. */
export function createProgress(options: ProgressOptions): Progress {
  const style = options.style ?? PLAIN;
  /** What is at work, outermost first: a step may wait for a part of it. */
  const running: Running[] = [];
  let lastLine = options.now();
  let groupOpen = false;

  const line = (text: string): void => {
    options.status?.('');
    options.line(text);
    lastLine = options.now();
  };
  const elapsed = ({ since }: Running): string => duration(options.now() - since);
  /**
   * Ends the innermost of this name, and tells its time; parts of it that never said that they ended go with it. What never
   * said that it began has no time.
   */
  const end = (what: string): string => {
    const index = running.findLastIndex((one) => one.what === what);
    const [ended] = index === -1 ? [] : running.splice(index);
    return ended === undefined ? '' : ` ${style.dim(`(${elapsed(ended)})`)}`;
  };
  const tick = (): void => {
    const current = running.at(-1);
    if (current === undefined) return;
    const time = elapsed(current);
    if (options.status !== undefined) options.status(`  ${current.what} ${style.dim(`${time} ${current.detail}`)}`);
    else if (options.now() - lastLine >= HEARTBEAT_MS)
      line(`  ... ${current.what}, ${time}${current.detail === '' ? '' : `: ${current.detail}`}`);
  };
  const stop = options.every(options.status === undefined ? 1000 : 200, tick);
  const closeGroup = (): void => {
    if (groupOpen) options.group?.close();
    groupOpen = false;
  };

  const tell = (event: Event): void => {
    switch (event.kind) {
      case 'stage':
        closeGroup();
        if (options.group === undefined) line(style.bold(event.title));
        else options.group.open(event.title);
        groupOpen = options.group !== undefined;
        return;
      case 'setting':
        line(style.dim(`  ${event.key} = ${event.value} (${event.origin})`));
        return;
      case 'started':
        running.push({ what: event.what, since: options.now(), detail: '' });
        tick();
        return;
      case 'line': {
        const text = plainLine(event.text);
        const current = running.at(-1);
        if (current !== undefined) current.detail = text.slice(0, 100);
        // The bar keeps a line of a script from being a command to the runner.
        if (options.verbose) line(style.dim(`    │ ${text}`));
        return;
      }
      case 'finished':
        line(`  ${style.good('ok')} ${plainLine(endOf(event))}${end(event.what)}`);
        for (const changed of event.result?.changed ?? []) line(`     · ${plainLine(changed)}`);
        return;
      case 'failed':
        line(`  ${style.bad('failed')} ${event.what}${end(event.what)}`);
        return;
      case 'check':
        line(
          `  ${event.result.ok ? style.good('ok') : style.bad('failed')} ${event.result.check}: ${plainLine(event.result.detail)}`,
        );
        return;
      case 'note':
        line(`  ${style.dim('note:')} ${plainLine(event.text)}`);
        return;
      case 'warning':
        line(`  ${style.warn('warning:')} ${plainLine(event.text)}`);
        return;
      default:
        event satisfies never;
    }
  };
  return {
    tell,
    close() {
      stop();
      options.status?.('');
      closeGroup();
    },
  };
}

/** A step inside the container says what it did in its own words; its name stands before them. */
function endOf({ what, text, result }: Extract<Event, { kind: 'finished' }>): string {
  if (result === undefined) return text === undefined ? what : `${what}: ${text}`;
  const inside = result.kind === 'baseline' || result.kind === 'configure';
  return inside ? `${result.kind}: ${result.summary}` : result.summary;
}
