import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Shape } from './normalize.ts';

/** Who calls: a login, `token:…`, or one of the credentials that are refused. */
export interface Caller {
  readonly as: string;
  /** What is wrong with the credential. */
  readonly flaw?: 'bad-ticket' | 'no-csrf' | 'bad-csrf' | 'bad-secret';
}

/** A request written out, for what no client library would send. */
export interface RawRequest {
  readonly scheme: 'https' | 'http';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Headers that the answer must have. */
  readonly answerHeaders?: Readonly<Record<string, string>>;
  /** The answer's body was not recorded. */
  readonly unread?: true;
}

/** One row of the recordings: what to send and what must come. */
export interface Case extends Caller {
  readonly row: number;
  readonly method: string;
  /** Below /api2/json; of a raw request the whole path. `{120}` stands for the task that row 120 started. */
  readonly path: string;
  /** `<digest 387>` stands for the digest that row 387 showed. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly json?: true;
  readonly raw?: RawRequest;
  /** The task that the row started, as recorded; other recordings of the same server may refer to it. */
  readonly upid?: string;
  /** The digest that the row showed, likewise. */
  readonly digest?: string;
  readonly status: number;
  /** Absent: `OK`. */
  readonly reason?: string;
  /** Absent: `{data: null}`, and beside a refusal's reason the same text as message. */
  readonly body?: Shape;
  readonly note?: string;
  /** Why the row is not compared; it is still sent. */
  readonly leftOut?: string;
}

/** The server's time in seconds, where the row tells it: a task's name does. */
export function timeOf({ upid }: Case): number | undefined {
  const hex = upid?.split(':')[4];
  return hex === undefined ? undefined : Number.parseInt(hex, 16);
}

export type Kind = 'refusal' | 'other' | 'poll';

const POLL = /^\/nodes\/[^/]+\/tasks\/[^/]+\/(?:status|log)$/;

export function kindOf(row: Case): Kind {
  if ([400, 403, 500, 501].includes(row.status)) return 'refusal';
  return row.raw === undefined && row.method === 'GET' && POLL.test(row.path) ? 'poll' : 'other';
}

/** The body that a case leaves unsaid. */
export function usualBody(status: number, reason: string): Shape {
  return status < 300 ? { data: null } : { data: null, message: `${reason}\n` };
}

export function readCases(file: string): readonly Case[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Case);
}

/** The sources' folder: tsc copies no data files into build/. */
export function conformanceFolder(): string {
  const here = import.meta.dirname;
  return here.includes('/build/test/') ? join(here, '..', '..', '..', 'test', 'conformance') : here;
}
