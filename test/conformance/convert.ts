import type { Caller, Case, RawRequest } from './case.ts';
import { usualBody } from './case.ts';
import { digestIn, type NormalizeOptions, normalize, normalizeText, type Shape } from './normalize.ts';
import { isCommand, type Recorded, type RecordedCall, type RecordedCommand } from './recording.ts';

const UPID = /^UPID:[^:\s]+:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:[^:\s]+:[^:\s]*:[^:\s]+:$/;

/** Rows whose request was not recorded whole. */
const CUT = new Map([[1080, 'its header was left out of the recording']]);

function flawOf(note: string): Caller['flaw'] {
  if (/bad ticket/.test(note)) return 'bad-ticket';
  if (/w\/o CSRF|without CSRF/.test(note)) return 'no-csrf';
  if (/bad CSRF/.test(note)) return 'bad-csrf';
  return /bad token secret/.test(note) ? 'bad-secret' : undefined;
}

/** What later rows refer to: who started a task, who showed a digest. */
interface Seen {
  readonly tasks: ReadonlyMap<string, number>;
  readonly digests: ReadonlyMap<string, number>;
}

function survey(rows: readonly Recorded[], known: readonly Case[]): Seen {
  const tasks = new Map<string, number>();
  const digests = new Map<string, number>();
  for (const { row, upid, digest } of known) {
    if (upid !== undefined) tasks.set(upid, row);
    if (digest !== undefined && !digests.has(digest)) digests.set(digest, row);
  }
  for (const row of rows) {
    if (isCommand(row)) continue;
    const task = taskOf(row.response);
    if (task !== undefined) tasks.set(task, row.seq);
    const digest = digestIn(row.response);
    if (digest !== undefined && !digests.has(digest)) digests.set(digest, row.seq);
  }
  return { tasks, digests };
}

/** MAC addresses that a request sets, upper-case: from there on they are compared as they are. */
export function macsIn(params: unknown): readonly string[] {
  const found = JSON.stringify(params ?? {}).match(/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/gi) ?? [];
  return found.map((mac) => mac.toUpperCase());
}

/** The name of the task that an answer starts. */
function taskOf(response: unknown): string | undefined {
  const data = (response as { readonly data?: unknown } | null)?.data;
  return typeof data === 'string' && UPID.test(data) ? data : undefined;
}

/**
 * Of a task's log only how it ended is kept: the other lines are the tools' own, and how many there are is a matter of
 * time.
 */
function lastLine(response: unknown): unknown {
  const { data } = response as { readonly data?: unknown };
  if (!Array.isArray(data)) return response;
  const { t: text } = (data.at(-1) ?? {}) as { readonly t?: unknown };
  return { data: typeof text === 'string' && text.startsWith('TASK ') ? [{ t: text }] : '<lines>' };
}

/** The shape of an answer as cases keep it. */
export function shapeOf(path: string, response: unknown, options: NormalizeOptions): Shape {
  const shape = normalize(/\/tasks\/[^/]+\/log$/.test(path) ? lastLine(response) : response, options);
  // how much there is beyond the page
  const isPage = typeof shape === 'object' && shape !== null && !Array.isArray(shape) && 'total' in shape;
  return isPage ? { ...shape, total: '<number>' } : shape;
}

function callCase(row: RecordedCall, { tasks, digests }: Seen, options: NormalizeOptions): Case {
  const { seq, as, method, status, encoding } = row;
  const upid = /\/tasks\/([^/]+)/.exec(row.path)?.[1];
  const task = upid === undefined ? undefined : tasks.get(decodeURIComponent(upid));
  const path = upid === undefined || task === undefined ? row.path : row.path.replace(upid, `{${task}}`);
  const digest = row.params?.digest;
  const shown = typeof digest === 'string' ? digests.get(digest) : undefined;
  const reason = normalizeText(row.reason, options);
  const body = shapeOf(path, row.response, options);
  const flaw = flawOf(row.note ?? '');
  const started = taskOf(row.response);
  const showed = digestIn(row.response);
  return {
    row: seq,
    as,
    ...(flaw === undefined ? {} : { flaw }),
    method,
    path,
    ...(row.params === null
      ? {}
      : { params: shown === undefined ? row.params : { ...row.params, digest: `<digest ${shown}>` } }),
    ...(encoding === 'json' ? { json: true } : {}),
    ...(started === undefined ? {} : { upid: started }),
    ...(showed === undefined ? {} : { digest: showed }),
    status,
    ...(reason === 'OK' ? {} : { reason }),
    ...(JSON.stringify(body) === JSON.stringify(normalize(usualBody(status, reason), options)) ? {} : { body }),
    ...(row.note ? { note: row.note } : {}),
    ...(row.env_artifact === true ? { leftOut: "the recording machine's answer, not Proxmox VE's" } : {}),
  };
}

interface CurlRequest {
  readonly method: string;
  readonly url: URL;
  readonly path: string;
  readonly raw: RawRequest;
}

/** The options that the recordings use. */
function curlRequest(args: readonly string[]): CurlRequest {
  const headers: Record<string, string> = {};
  let [method, body, address]: [string | undefined, string | undefined, string] = [undefined, undefined, ''];
  for (let index = 0; index < args.length; index += 1) {
    const value = args[index + 1] ?? '';
    switch (args[index]) {
      case '-H': {
        const at = value.indexOf(':');
        headers[value.slice(0, at).toLowerCase()] = value.slice(at + 1).trim();
        break;
      }
      case '-X':
        method = value;
        break;
      case '-d':
        body = value;
        break;
      case '-b':
        headers.cookie = value.replace(/^(PVEAuthCookie)=.*/, '$1=<ticket>');
        break;
      case '-I':
        method = 'HEAD';
        continue;
      case '-o':
      case '-D':
        break;
      default:
        address = args[index] ?? '';
        continue;
    }
    index += 1;
  }
  if (body !== undefined) headers['content-type'] ??= 'application/x-www-form-urlencoded';
  const url = new URL(address);
  const scheme = url.protocol === 'http:' ? 'http' : 'https';
  const raw = { scheme, headers, ...(body === undefined ? {} : { body }) } as const;
  // the path as written: a URL would join double slashes
  return { method: method ?? (body === undefined ? 'GET' : 'POST'), url, path: address.slice(url.origin.length), raw };
}

function commandCase(row: RecordedCommand, options: NormalizeOptions): Case {
  const { method, path, raw } = curlRequest(row.args);
  const [, code = '0', reason = ''] = /^HTTP\/1\.1 (\d+) ?(.*)$/.exec(row.status_line) ?? [];
  const answerHeaders = Object.fromEntries(
    [...row.headers.matchAll(/^(Location|Content-Encoding): (.*)$/gim)].map((match) => [
      (match[1] ?? '').toLowerCase(),
      (match[2] ?? '').trim().replace(/^(https:\/\/127\.0\.0\.1):\d+/, '$1:<port>'),
    ]),
  );
  let parsed: unknown = row.response;
  try {
    parsed = JSON.parse(row.response);
  } catch {
    // plain text stays text
  }
  const cut = CUT.get(row.seq);
  return {
    row: row.seq,
    as: 'raw',
    method,
    path,
    raw: {
      ...raw,
      ...(Object.keys(answerHeaders).length === 0 ? {} : { answerHeaders }),
      ...(row.args.includes('/dev/null') ? { unread: true } : {}),
    },
    status: Number(code),
    reason: normalizeText(reason, options),
    body: shapeOf(path, parsed, options),
    ...(row.note ? { note: row.note } : {}),
    ...(cut === undefined ? {} : { leftOut: cut }),
  };
}

/** Recorded rows as cases; rows may refer to earlier ones, and to `known` cases of the same server. */
export function convert(rows: readonly Recorded[], known: readonly Case[] = []): readonly Case[] {
  const seen = survey(rows, known);
  const knownMacs = new Set<string>();
  return rows.map((row) => {
    if (isCommand(row)) return commandCase(row, { knownMacs });
    for (const mac of macsIn(row.params)) knownMacs.add(mac);
    return callCase(row, seen, { knownMacs });
  });
}
