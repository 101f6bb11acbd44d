import { readFileSync } from 'node:fs';

/** A request and its answer as recorded from a real server. */
export interface RecordedCall {
  readonly seq: number;
  /** `anon`, `user@realm`, `token:user@realm!name`, or a scheme that is no good */
  readonly as: string;
  readonly method: string;
  /** below /api2/json, percent-encoded */
  readonly path: string;
  readonly params: Readonly<Record<string, unknown>> | null;
  readonly encoding: 'form' | 'json';
  readonly status: number;
  readonly reason: string;
  readonly response: unknown;
  readonly note?: string | null;
  /** The answer comes from that machine, not from Proxmox VE. */
  readonly env_artifact?: boolean;
}

/** A request made with curl, to show what the protocol does. */
export interface RecordedCommand {
  readonly seq: number;
  readonly as: 'curl';
  readonly args: readonly string[];
  readonly status_line: string;
  readonly headers: string;
  readonly response: string;
  readonly note?: string | null;
}

export type Recorded = RecordedCall | RecordedCommand;

export function isCommand(row: Recorded): row is RecordedCommand {
  return 'args' in row;
}

/** Rows of a recording in their order; one JSON object a line. */
export function readRecording(file: string): readonly Recorded[] {
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Recorded);
  return rows.toSorted((a, b) => a.seq - b.seq);
}
