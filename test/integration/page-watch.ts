import { get } from 'node:http';

/** What somebody has seen who asked for a page again and again. */
export interface Watched {
  readonly asked: number;
  readonly failed: number;
  /** Milliseconds between the last answer before and the first after the longest time without one. */
  readonly longestGap: number;
  readonly milliseconds: number;
  /** Different pages in the order in which they came first. */
  readonly pages: ReadonlySet<string>;
}

/** Asks for a page at a fixed pace, whether or not the one before has been answered. */
export class PageWatch {
  readonly #url: string;
  readonly #timer: NodeJS.Timeout;
  readonly #began = Date.now();
  readonly #answered: number[] = [this.#began];
  readonly #open = new Set<Promise<void>>();
  readonly #pages = new Set<string>();
  #asked = 0;
  #failed = 0;

  constructor(url: string, everyMs: number) {
    this.#url = url;
    this.#timer = setInterval(() => this.#ask(), everyMs);
  }

  #ask(): void {
    this.#asked += 1;
    const asking = page(this.#url).then(
      (text) => {
        this.#answered.push(Date.now());
        this.#pages.add(text);
      },
      () => {
        this.#failed += 1;
      },
    );
    this.#open.add(asking);
    void asking.finally(() => this.#open.delete(asking));
  }

  async end(): Promise<Watched> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    const times = [...this.#answered, Date.now()].toSorted((a, b) => a - b);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? time));
    return {
      asked: this.#asked,
      failed: this.#failed,
      longestGap: Math.max(...gaps),
      milliseconds: Date.now() - this.#began,
      pages: this.#pages,
    };
  }
}

/** A second without an answer is none: a client would have given up. */
function page(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = get(url, { timeout: 1000, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      answer.on('end', () => (answer.statusCode === 200 ? resolve(text.trim()) : reject(new Error('another status'))));
      answer.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', reject);
  });
}
