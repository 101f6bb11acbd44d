/** One try: a scenario, a fault and where it came. */
export interface Try {
  readonly scenario: string;
  readonly fault: string;
  readonly at: string;
}

/** Results of one scenario under one fault. */
export interface Count extends Row {
  readonly scenario: string;
  readonly fault: string;
}

interface Row {
  tried: number;
  survived: number;
  reported: number;
  /** As reported, once root on the node had done what the run named: nothing else can. */
  byHand: number;
  /** The run had ended before the moment came, or the fault makes no sense there. */
  missed: number;
  lost: number;
}

/** Counts tries by scenario and fault, and tells what was lost. */
export class Tally {
  readonly #rows = new Map<string, Row>();
  readonly #onLost: ((text: string) => void) | undefined;

  constructor(onLost?: (text: string) => void) {
    this.#onLost = onLost;
  }

  get lostCount(): number {
    return [...this.#rows.values()].reduce((sum, { lost }) => sum + lost, 0);
  }

  counts(): readonly Count[] {
    return [...this.#rows].map(([key, row]) => {
      const [scenario = '', fault = ''] = key.split('\0');
      return { scenario, fault, ...row };
    });
  }

  add(counts: readonly Count[]): void {
    for (const { scenario, fault, ...row } of counts) {
      const key = `${scenario}\0${fault}`;
      const sum = this.#rows.get(key) ?? { tried: 0, survived: 0, reported: 0, byHand: 0, missed: 0, lost: 0 };
      for (const name of Object.keys(row) as (keyof Row)[]) sum[name] += row[name];
      this.#rows.set(key, sum);
    }
  }

  /** The disturbed run, or the one after the kill, came to the same end. */
  survived(what: Try): void {
    this.#count(what, 'survived');
  }

  /** The disturbed run ended with an error that says what it was, and the next one came to the same end. */
  reported(what: Try): void {
    this.#count(what, 'reported');
  }

  /** The next run named a command for root on the node, and the one after that came to the same end. */
  byHand(what: Try): void {
    this.#count(what, 'byHand');
  }

  /** The run had ended before the moment came. */
  missed(what: Try): void {
    this.#count(what, 'missed');
  }

  lost(what: Try, reasons: readonly string[]): void {
    this.#count(what, 'lost');
    const text = `LOST ${what.scenario}, ${what.fault}, ${what.at}:\n${reasons.map((reason) => `    ${reason}`).join('\n')}`;
    this.#onLost?.(text);
  }

  table(): string {
    const rows = [...this.counts()]
      .toSorted((a, b) => (a.scenario < b.scenario ? -1 : a.scenario > b.scenario ? 1 : 0))
      .map(({ scenario, fault, tried, survived, reported, byHand, missed, lost }) =>
        [scenario, fault, tried, survived + reported + byHand, survived, reported, byHand, missed, lost].map(String),
      );
    const sum = (column: number): number => rows.reduce((total, row) => total + Number(row[column]), 0);
    const totals = ['all', '', ...[2, 3, 4, 5, 6, 7, 8].map((column) => String(sum(column)))];
    const head = ['scenario', 'fault', 'tried', 'same end state', 'survived', 'reported', 'by hand', 'not met', 'lost'];
    const lines = [head, ...rows, totals];
    const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
    return lines
      .map((line) =>
        line
          .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
          .join('  ')
          .trimEnd(),
      )
      .join('\n');
  }

  #count({ scenario, fault }: Try, kind: Exclude<keyof Row, 'tried'>): void {
    const key = `${scenario}\0${fault}`;
    const row = this.#rows.get(key) ?? { tried: 0, survived: 0, reported: 0, byHand: 0, missed: 0, lost: 0 };
    row.tried += 1;
    row[kind] += 1;
    this.#rows.set(key, row);
  }
}
