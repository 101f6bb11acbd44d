import { GitopsError } from '../../model/errors.ts';
import type { Call } from '../../model/ports.ts';

export interface GiteaClientOptions {
  /** Of the instance, such as http://127.0.0.1:8080/ */
  readonly url: string;
  readonly token: string;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Calls of Gitea's API below /api/v1. */
export interface GiteaClient {
  /** Whatever the status; throws kind remote when no answer came. */
  ask(method: string, path: string, call: Call, body?: object): Promise<Answer>;
  /** A good answer's body; another one throws kind remote with its status. */
  need(method: string, path: string, call: Call, body?: object): Promise<unknown>;
}

export function createGiteaClient({ url, token }: GiteaClientOptions): GiteaClient {
  const base = `${url.replace(/\/+$/, '')}/api/v1`;
  const ask = async (method: string, path: string, call: Call, body?: object): Promise<Answer> => {
    try {
      const response = await fetch(`${base}${path}`, {
        method,
        redirect: 'error',
        headers: {
          authorization: `token ${token}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.any([call.signal, AbortSignal.timeout(call.timeoutMs)]),
      });
      const text = await response.text();
      return { status: response.status, body: parsed(text) };
    } catch (cause) {
      if (call.signal.aborted) throw cause;
      const reason = cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : '';
      throw new GitopsError('remote', `Unable to ask Gitea at ${url}: ${reason}`, {
        cause,
        status: 0,
        uncertain: method !== 'GET',
      });
    }
  };
  return {
    ask,
    async need(method, path, call, body) {
      const answer = await ask(method, path, call, body);
      if (answer.status >= 200 && answer.status < 300) return answer.body;
      throw refused(`${method} ${path}`, answer);
    },
  };
}

/** Gitea says what is wrong in `message`. */
export function refused(what: string, { status, body }: Answer): GitopsError {
  const said = typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : String(body);
  return new GitopsError('remote', `Unable to ${what} of Gitea: ${status} ${said.slice(0, 300)}`.trim(), { status });
}

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text.slice(0, 300);
  }
}
