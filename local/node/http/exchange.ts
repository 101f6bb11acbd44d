import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Answer, ApiError, Json } from './answer.ts';
import { PlainError } from './parameters.ts';

/** Bytes of a request's body that are read. */
export const BODY_LIMIT = 512 * 1024;

const JSON_TYPE = 'application/json;charset=UTF-8';

/** Bodies come with a length or not at all. */
export function refuseEncodings(request: IncomingMessage): void {
  const encoding = request.headers['transfer-encoding'];
  if (encoding === undefined) return;
  const text = encoding.toLowerCase() === 'chunked' ? 'chunked transfer encoding not supported' : undefined;
  throw new PlainError(501, text ?? `Unknown transfer encoding '${encoding}'`, { bare: true });
}

/** The whole body; more than the limit is refused as the real server does. */
export async function readBody(request: IncomingMessage, limit = BODY_LIMIT): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) {
    throw new PlainError(501, 'for data too large', { bare: true });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A reason phrase may hold no control characters; what does not fit the header's bytes is replaced. */
function reasonOf(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/[^\x20-\x7e]/g, '?');
}

export interface Reply {
  readonly status: number;
  readonly reason: string;
  readonly contentType?: string;
  readonly body: string;
}

/** A total of none is not sent (row 939). */
function withTotal({ data, total }: Answer): Answer {
  return total === undefined || total === 0 ? { data } : { data, total };
}

export function jsonReply(answer: Answer): Reply {
  const body = JSON.stringify(withTotal(answer));
  return { status: 200, reason: 'OK', contentType: JSON_TYPE, body };
}

/** The same for the web interface's format: always 200, with success or status inside. */
export function extReply(answer: Answer): Reply {
  return { ...jsonReply(answer), body: JSON.stringify({ success: 1, ...withTotal(answer) }) };
}

function errorFields(error: ApiError): { readonly [key: string]: Json } {
  const message = error.bare ? error.message : `${error.message.replace(/\n$/, '\n')}\n`;
  return { data: null, message, ...(error.errors === undefined ? {} : { errors: error.errors }) };
}

export function errorReply(error: ApiError, format: 'json' | 'extjs' = 'json'): Reply {
  const reason = reasonOf(error.message);
  if (error instanceof PlainError) {
    const body = error.bare ? error.message : `${error.message}\n`;
    return { status: error.status, reason, contentType: 'text/plain', body };
  }
  if (format === 'extjs') {
    const status = error.status === 400 ? '400' : error.status;
    const body = JSON.stringify({ ...errorFields(error), success: 0, status });
    return { status: 200, reason: 'OK', contentType: JSON_TYPE, body };
  }
  return { status: error.status, reason, contentType: JSON_TYPE, body: JSON.stringify(errorFields(error)) };
}

/** Reason phrase only. */
export function emptyReply(status: number, reason: string): Reply {
  return { status, reason: reasonOf(reason), body: '' };
}

/** Bodies longer than this are compressed for who takes gzip. */
const COMPRESSED_FROM = 1024;

export function send(response: ServerResponse, reply: Reply): void {
  const plain = Buffer.from(reply.body, 'utf8');
  const compress = plain.length > COMPRESSED_FROM && /gzip/.test(String(response.req.headers['accept-encoding'] ?? ''));
  const body = compress ? gzipSync(plain) : plain;
  response.writeHead(reply.status, reply.reason, {
    ...(reply.contentType === undefined ? {} : { 'Content-Type': reply.contentType }),
    ...(compress ? { 'Content-Encoding': 'gzip' } : {}),
    'Content-Length': body.length,
    'Cache-Control': 'max-age=0',
    Pragma: 'no-cache',
    Server: 'pve-api-daemon/3.0',
  });
  response.end(body);
}

/** The whole answer is announced, half of it comes, and the connection breaks. */
export function sendHalf(response: ServerResponse, reply: Reply): void {
  const body = Buffer.from(reply.body, 'utf8');
  response.writeHead(reply.status, reply.reason, {
    ...(reply.contentType === undefined ? {} : { 'Content-Type': reply.contentType }),
    'Content-Length': body.length,
  });
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.socket?.destroy());
}
