import type { Caller } from '../auth/authenticate.ts';
import type { Core } from '../core.ts';
import type { Answer, Json } from '../http/answer.ts';
import type { Parameters } from '../http/parameters.ts';
import { splitList } from '../schema/validate.ts';

/** One checked call: who, with which parameters (path, query and body together). */
export class Call {
  readonly core: Core;
  readonly caller: Caller;
  readonly parameters: Parameters;

  constructor(core: Core, caller: Caller, parameters: Parameters) {
    this.core = core;
    this.caller = caller;
    this.parameters = parameters;
  }

  get authuser(): string {
    return this.caller.authuser;
  }

  /** Only a ticket of root@pam is root; its tokens are not. */
  get isRoot(): boolean {
    return this.authuser === 'root@pam';
  }

  /** The value as text; JSON's null is an empty one, a list its items joined. undefined: not given. */
  text(name: string): string | undefined {
    const value = this.parameters[name];
    if (value === undefined) return undefined;
    if (value === null) return '';
    return typeof value === 'string' ? value : Array.isArray(value) ? value.join(',') : '';
  }

  /** For what the schema demands. */
  required(name: string): string {
    return this.text(name) ?? '';
  }

  number(name: string): number | undefined {
    const text = this.text(name);
    return text === undefined || text === '' ? undefined : Number(text);
  }

  flag(name: string): boolean {
    return this.text(name) === '1';
  }

  list(name: string): readonly string[] {
    return splitList(this.text(name) ?? '');
  }

  get vmid(): number {
    return Number(this.required('vmid'));
  }

  may(path: string, privilege: string): boolean {
    return this.core.access.may(this.authuser, path, privilege);
  }
}

/** Data, or a page with a total beside it. */
export class Page {
  readonly answer: Answer;

  constructor(data: Json, total: number) {
    this.answer = { data, total };
  }
}

export type Handler = (call: Call) => Json | Page | Promise<Json | Page>;

/** `METHOD /path/{placeholder}` → handler. */
export type Routes = Readonly<Record<string, Handler>>;
