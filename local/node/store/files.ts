import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Writes beside and renames, so that a kill at any instant leaves the old file or the new one. */
export function writeAtomically(file: string, content: string, mode = 0o600): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.tmp.${process.pid}`;
  writeFileSync(temporary, content, { mode });
  renameSync(temporary, file);
}

/** A JSON document on disk, read once and written through. */
export class Document<T extends object> {
  readonly #file: string;
  #value: T;

  /** Without a file the first value is written. */
  constructor(file: string, first: () => T) {
    this.#file = file;
    if (existsSync(file)) {
      this.#value = JSON.parse(readFileSync(file, 'utf8')) as T;
    } else {
      this.#value = first();
      this.#save();
    }
  }

  get value(): Readonly<T> {
    return this.#value;
  }

  /** Changes a copy and saves it; when the change throws nothing has happened. */
  update<R>(change: (value: T) => R): R {
    const copy = structuredClone(this.#value);
    const result = change(copy);
    this.#value = copy;
    this.#save();
    return result;
  }

  #save(): void {
    writeAtomically(this.#file, `${JSON.stringify(this.#value, null, 1)}\n`);
  }
}
