import type * as z from 'zod';
import type { HttpAnswer } from './exchange.ts';
import { Failure, isGatewayStatus } from './failure.ts';

/**
 * The `data` of an answer. Throws Failure for an error status (uncertain when a proxy made it up) and for what is not
 * JSON although the status is good.
 */
export function openAnswer(answer: HttpAnswer): unknown {
  const { status, reason } = answer;
  const body = parse(answer.body);
  if (status >= 200 && status < 300 && body !== undefined) return body.data;
  if (status >= 200 && status < 300) {
    throw new Failure({ kind: 'garbled', status, reason: 'the answer is not JSON' }, { uncertain: true });
  }
  const message = typeof body?.message === 'string' ? body.message : '';
  // 401 has no body (facts, 3): the reason phrase is all there is.
  const text = tidy(message) || tidy(reason) || `status ${status}`;
  const fields = texts(body?.errors);
  throw new Failure({ kind: 'answered', status, text, fields }, { uncertain: isGatewayStatus(status) });
}

/** What a server sends is read permissively; what we need and cannot find is an error that says where. */
export function readData<T>(schema: z.ZodType<T>, data: unknown): T {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const reason = `unexpected answer at ${issue?.path.join('.') || 'its root'}: ${issue?.message ?? 'unknown'}`;
  throw new Failure({ kind: 'garbled', status: 200, reason }, { cause: parsed.error });
}

function parse(body: string): { data?: unknown; message?: unknown; errors?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function texts(errors: unknown): Record<string, string> {
  if (typeof errors !== 'object' || errors === null) return {};
  return Object.fromEntries(Object.entries(errors).map(([key, text]) => [key, tidy(String(text))]));
}

/** Messages end with newlines, and some have one inside. */
function tidy(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('; ');
}
