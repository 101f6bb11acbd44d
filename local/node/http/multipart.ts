/** Fields of an upload stand before its file and have little to say. */
const FIELDS_LIMIT = 64 * 1024;

/** The fields that come before the file, in the order in which the server asks for them. */
const FIELDS = ['content', 'checksum-algorithm', 'checksum'] as const;

function assertFormData(disposition: string): void {
  if (disposition === 'form-data') return;
  throw new Error(`wrong Content-Disposition '${disposition}' in multipart, expected 'form-data'`);
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/**
 * multipart/form-data as PVE::APIServer::AnyEvent reads it: fields in one order, the file last and under the name
 * `filename`. A field that comes too early spoils the one that is looked for.
 */
export class MultipartReader {
  readonly fields: Record<string, string> = {};
  readonly #boundary: string;
  readonly #delimiter: string;
  #phase: 'preamble' | 'fields' | 'file' | 'done' = 'preamble';
  /** Bytes as latin1, not yet read. */
  #rest = '';

  constructor(boundary: string) {
    this.#boundary = escaped(boundary);
    this.#delimiter = `--${this.#boundary}\\r?\\n`;
  }

  get isComplete(): boolean {
    return this.#phase === 'done';
  }

  /** Takes what came; gives the bytes of the file that are sure. */
  push(chunk: Buffer): Buffer {
    this.#rest += chunk.toString('latin1');
    if (this.#phase === 'preamble') {
      const at = this.#rest.search(new RegExp(this.#delimiter));
      if (at >= 0) {
        this.#rest = this.#rest.slice(at);
        this.#phase = 'fields';
      }
    }
    if (this.#phase === 'fields') this.#readFields();
    if (this.#phase === 'file') return Buffer.from(this.#readFile(), 'latin1');
    if (this.#phase !== 'done' && this.#rest.length > FIELDS_LIMIT) throw new Error('upload failed');
    return Buffer.alloc(0);
  }

  #readFields(): void {
    for (const name of FIELDS) {
      const field = new RegExp(
        `^${this.#delimiter}[^]*?Content-Disposition: ([^]*?); name="${name}"[^]*?\\r?\\n\\r?\\n([^]*?)(${this.#delimiter}[^]*)$`,
      ).exec(this.#rest);
      if (field === null) continue;
      const [, disposition = '', value = '', rest = ''] = field;
      assertFormData(disposition);
      this.fields[name] = value.trim();
      this.#rest = rest;
    }
    const file = new RegExp(
      `^${this.#delimiter}Content-Disposition: ([^]*?); name="([^]*?)"; filename="([^"]+)"[^]*?\\r?\\n\\r?\\n([^]*)$`,
    ).exec(this.#rest);
    if (file === null) return;
    const [, disposition = '', name = '', filename = '', rest = ''] = file;
    assertFormData(disposition);
    if (name !== 'filename') throw new Error(`wrong field name '${name}' for file upload, expected 'filename'`);
    this.fields.filename = filename.trim();
    this.#rest = rest;
    this.#phase = 'file';
  }

  /** What may be the beginning of the closing delimiter is kept back. */
  #readFile(): string {
    const end = new RegExp(`\\r?\\n?--${this.#boundary}--`).exec(this.#rest);
    if (end !== null) {
      this.#phase = 'done';
      return this.#rest.slice(0, end.index);
    }
    const sure = Math.max(0, this.#rest.length - this.#boundary.length - 8);
    const data = this.#rest.slice(0, sure);
    this.#rest = this.#rest.slice(sure);
    return data;
  }
}
