/** A JSON value with its place; lines and columns start at 1. */
export interface JsonNode {
  readonly line: number;
  readonly column: number;
  readonly value: JsonValue;
}

export type JsonValue = string | number | boolean | null | readonly JsonNode[] | ReadonlyMap<string, JsonMember>;

export interface JsonMember {
  readonly line: number;
  readonly column: number;
  readonly node: JsonNode;
}

/** What is wrong, without a quote of the text: it may be a password. */
export class JsonSyntaxError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

const DEPTH = 16;

/**
 * Reads JSON strictly, with places. Its own reader because JSON.parse quotes the text in its errors, gives no lines and
 * takes duplicate keys. Throws JsonSyntaxError at the first mistake.
 */
export function readJson(text: string): JsonNode {
  const reader = new JsonReader(text.startsWith('\uFEFF') ? text.slice(1) : text);
  return reader.document();
}

class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonNode {
    const node = this.#value(0);
    this.#skip();
    if (this.#at < this.#text.length) throw this.#wrong('nothing may follow the closing brace');
    return node;
  }

  #value(depth: number): JsonNode {
    if (depth > DEPTH) throw this.#wrong('nested too deeply');
    this.#skip();
    const place = this.#place();
    const char = this.#text[this.#at];
    if (char === '{') return { ...place, value: this.#object(depth) };
    if (char === '[') return { ...place, value: this.#array(depth) };
    if (char === '"') return { ...place, value: this.#string() };
    return { ...place, value: this.#word() };
  }

  #object(depth: number): ReadonlyMap<string, JsonMember> {
    const members = new Map<string, JsonMember>();
    this.#at += 1;
    if (this.#take('}')) return members;
    do {
      this.#skip();
      const place = this.#place();
      if (this.#text[this.#at] !== '"') throw this.#wrong('expected a key in double quotes (a comma too many before?)');
      const key = this.#string();
      const first = members.get(key);
      if (first !== undefined) {
        throw new JsonSyntaxError(`the key is there twice, first on line ${first.line}`, place.line, place.column);
      }
      if (!this.#take(':')) throw this.#wrong('expected a colon after the key');
      members.set(key, { ...place, node: this.#value(depth + 1) });
    } while (this.#take(','));
    if (!this.#take('}')) throw this.#wrong('expected a comma or a closing brace');
    return members;
  }

  #array(depth: number): readonly JsonNode[] {
    const items: JsonNode[] = [];
    this.#at += 1;
    if (this.#take(']')) return items;
    do items.push(this.#value(depth + 1));
    while (this.#take(','));
    if (!this.#take(']')) throw this.#wrong('expected a comma or a closing bracket');
    return items;
  }

  #string(): string {
    const match = this.#match(/"(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy);
    if (match === undefined) throw this.#wrong('the text is not closed on its line, or holds a wrong backslash');
    return JSON.parse(match) as string;
  }

  #word(): number | boolean | null {
    const match = this.#match(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y);
    if (match === undefined) throw this.#wrong('expected a value: text in double quotes, a number, true, false');
    return JSON.parse(match) as number | boolean | null;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text)?.[0];
    if (match !== undefined) this.#at += match.length;
    return match;
  }

  #take(char: string): boolean {
    this.#skip();
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #skip(): void {
    this.#match(/[ \t\r\n]*/y);
  }

  #place(): { readonly line: number; readonly column: number } {
    const before = this.#text.slice(0, this.#at).split('\n');
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }

  #wrong(message: string): JsonSyntaxError {
    const { line, column } = this.#place();
    return new JsonSyntaxError(message, line, column);
  }
}
