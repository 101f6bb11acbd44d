import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { waitFor } from './wait.ts';

interface Reply {
  readonly id?: number;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** Chromium without a window, spoken to over its debugging pipe: one JSON text after the other, each ended by a zero byte. */
export class Browser {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #session: string | undefined;
  #count = 0;
  #rest = '';

  private constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'pve-gitops-browser-'));
    const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    const args = ['--headless', '--remote-debugging-pipe', '--disable-gpu', '--hide-scrollbars', '--no-first-run'];
    this.#process = spawn('chromium', [...args, ...root, `--user-data-dir=${this.#folder}`], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    const from = this.#process.stdio[4] as Readable;
    from.setEncoding('utf8').on('data', (text: string) => {
      const parts = (this.#rest + text).split('\0');
      this.#rest = parts.pop() ?? '';
      for (const part of parts) {
        const reply = JSON.parse(part) as Reply;
        if (reply.id !== undefined) this.#waiting.get(reply.id)?.(reply);
      }
    });
  }

  static async open(): Promise<Browser> {
    const browser = new Browser();
    const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true });
    browser.#session = String(sessionId);
    await browser.send('Page.enable');
    return browser;
  }

  send(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    this.#count += 1;
    const id = this.#count;
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`Unable to ${method}: no answer within 30 s`)), 30_000);
      this.#waiting.set(id, ({ result, error }) => {
        clearTimeout(deadline);
        this.#waiting.delete(id);
        if (error === undefined) resolve(result ?? {});
        else reject(new Error(`Unable to ${method}: ${error.message}`));
      });
      (this.#process.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    });
  }

  /** Opens a page and waits until its text has what is looked for. */
  async show(url: string, text: string): Promise<void> {
    await this.send('Page.navigate', { url });
    await this.see(text);
  }

  async see(text: string): Promise<void> {
    let seen = '';
    const there = async (): Promise<true | undefined> => {
      const { result } = await this.send('Runtime.evaluate', { expression: 'document.body.innerText' });
      seen = String((result as { value?: unknown } | undefined)?.value ?? '');
      return seen.includes(text) ? true : undefined;
    };
    await waitFor(`"${text}" on the page`, 20_000, there, () => seen.slice(0, 2000));
  }

  /** A PNG of what can be seen of the last element that a selector finds and that has the text. */
  async picture(selector: string, text: string): Promise<Buffer> {
    const [by, has] = [JSON.stringify(selector), JSON.stringify(text)];
    const box = `(() => {
      const found = [...document.querySelectorAll(${by})].findLast((one) => one.innerText.includes(${has}));
      if (found === undefined) return undefined;
      const rect = found.getBoundingClientRect();
      const [left, top] = [Math.max(0, rect.left - 8), Math.max(0, rect.top - 8)];
      const [right, bottom] = [Math.min(innerWidth, rect.right + 8), Math.min(innerHeight, rect.bottom + 8)];
      return { x: left + scrollX, y: top + scrollY, width: right - left, height: bottom - top };
    })()`;
    const { result } = await this.send('Runtime.evaluate', { expression: box, returnByValue: true });
    const { value } = result as { value?: object };
    if (value === undefined) throw new Error(`Unable to keep a picture: the page has no ${selector} with ${text}`);
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', clip: { ...value, scale: 1 } });
    return Buffer.from(String(data), 'base64');
  }

  async close(): Promise<void> {
    this.#process.kill('SIGKILL');
    const ended = async () => (this.#process.exitCode === null && this.#process.signalCode === null ? undefined : true);
    await waitFor('the end of Chromium', 10_000, ended);
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
