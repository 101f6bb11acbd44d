import { createProgress, type Progress } from '../../src/report/progress.ts';
import { COLOUR, PLAIN, type Style } from '../../src/report/style.ts';

/** How this run talks: colours and a rewritten line on a terminal, plain lines elsewhere, nothing but JSON with --json. */
export interface Terminal {
  readonly style: Style;
  readonly progress: Progress;
  print(lines: readonly string[]): void;
  json(text: string): void;
}

export interface TerminalOptions {
  readonly json: boolean;
  readonly verbose: boolean;
  /** Hides secrets. */
  mask(text: string): string;
}

export function openTerminal({ json, verbose, mask }: TerminalOptions): Terminal {
  // With --json the standard output belongs to the machine, people read standard error.
  const stream = json ? process.stderr : process.stdout;
  const interactive = stream.isTTY === true && process.env.TERM !== 'dumb';
  const style = interactive && process.env.NO_COLOR === undefined ? COLOUR : PLAIN;
  let shown = false;
  const status = (text: string): void => {
    if (text === '' && !shown) return;
    const width = Math.max(20, (stream.columns ?? 80) - 1);
    stream.write(`\r\u001b[2K${text === '' ? '' : cut(mask(text), width)}`);
    shown = text !== '';
  };
  const line = (text: string): void => {
    stream.write(`${mask(text)}\n`);
  };
  const progress = createProgress({
    line,
    style,
    verbose,
    now: () => performance.now(),
    every(milliseconds, tick) {
      const timer = setInterval(tick, milliseconds);
      timer.unref();
      return () => clearInterval(timer);
    },
    ...(interactive ? { status } : {}),
  });
  return {
    style,
    progress,
    print(lines) {
      if (lines.length > 0) line(lines.join('\n'));
    },
    json: (text) => process.stdout.write(`${mask(text)}\n`),
  };
}

/** Cuts to a width in characters, leaving colour sequences whole. */
function cut(text: string, width: number): string {
  let left = width;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colour sequences begin with ESC
  return text.replaceAll(/\u001b\[[0-9;]*m|./gu, (part) => {
    if (part.length > 1 && part.startsWith('\u001b')) return part;
    left -= 1;
    return left >= 0 ? part : '';
  });
}
