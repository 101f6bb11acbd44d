import { readdirSync, readFileSync } from 'node:fs';

/** Reads the arguments of all processes again and again, those inside containers too: every user of a machine can. */
export interface ArgumentWatch {
  /** How often all of them were read. */
  readonly rounds: number;
  /** Programs seen at work, by name. */
  readonly programs: ReadonlySet<string>;
  /** Command lines that held one of the texts. */
  readonly found: ReadonlySet<string>;
  stop(): void;
}

export function watchArguments(texts: readonly string[]): ArgumentWatch {
  const programs = new Set<string>();
  const found = new Set<string>();
  let rounds = 0;
  const look = (): void => {
    rounds += 1;
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      let line: string;
      try {
        line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        continue; // It has ended.
      }
      programs.add(line.split(' ')[0]?.split('/').at(-1) ?? '');
      if (texts.some((text) => line.includes(text))) found.add(line);
    }
  };
  const timer = setInterval(look, 15);
  return {
    get rounds() {
      return rounds;
    },
    programs,
    found,
    stop: () => clearInterval(timer),
  };
}
