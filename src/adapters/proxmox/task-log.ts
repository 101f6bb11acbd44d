import * as z from 'zod';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { nodeName } from './names.ts';

/** Lines per request: the server's default is 50, and not every version takes 0 for all. */
const PAGE = 500;

const LINE = z.object({ n: z.coerce.number(), t: z.string().optional() });
/** One line came as a bare object on a real server (row 823). */
const LINES = z.union([z.array(LINE), LINE.transform((line) => [line])]);

/** What stands there while there is no log yet. */
const PLACEHOLDER = /^(no content|unable to open file - No such file or directory)$/;

/** Reads a task's log onwards from where it was left. */
export class TaskLog {
  readonly #session: Session;
  readonly #node: string;
  readonly #upid: string;
  readonly #lines: string[] = [];

  constructor(session: Session, node: string, upid: string) {
    this.#session = session;
    this.#node = nodeName(node);
    this.#upid = encodeURIComponent(upid);
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Fetches what has been added, and returns it. */
  async follow(signal: AbortSignal): Promise<readonly string[]> {
    const start = this.#lines.length;
    const log = api(this.#session, signal).nodes.$(this.#node).tasks.$(this.#upid).log;
    for (;;) {
      const page = readData(LINES, await log.$get({ start: this.#lines.length, limit: PAGE }));
      const texts = page.map((line) => line.t ?? '');
      const empty = this.#lines.length === 0 && texts.length === 1 && PLACEHOLDER.test(texts[0] ?? '');
      if (empty || page.length === 0) break;
      this.#lines.push(...texts);
      if (page.length < PAGE) break;
    }
    return this.#lines.slice(start);
  }

  /** The end of it, for messages. */
  tail(count = 10): readonly string[] {
    return this.#lines.slice(-count);
  }
}
