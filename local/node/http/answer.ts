export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** What a call gives: plain data, or data with a total count beside it. */
export type Answer = { readonly data: Json; readonly total?: number };

/** Texts per parameter; a text may end with a newline of its own, as Proxmox VE's format checks do. */
export type ParameterErrors = Readonly<Record<string, string>>;

/**
 * An answer that says no. The message has no final newline; the first line becomes the HTTP reason phrase.
 * `bare`: the body's message is sent without the newline that Perl's `die "…\n"` leaves.
 */
export class ApiError extends Error {
  readonly status: number;
  readonly errors: ParameterErrors | undefined;
  readonly bare: boolean;

  constructor(status: number, message: string, options: { errors?: ParameterErrors; bare?: boolean } = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.errors = options.errors;
    this.bare = options.bare ?? false;
  }
}

/** 400 with a text per parameter. */
export function parameterError(errors: ParameterErrors): ApiError {
  return new ApiError(400, 'Parameter verification failed.', { errors });
}

/** 403; without a reason the text stands alone, as for a create without any right. */
export function permissionDenied(reason?: string): ApiError {
  return new ApiError(403, reason === undefined ? 'Permission check failed' : `Permission check failed (${reason})`);
}

export function notImplemented(method: string, path: string): ApiError {
  return new ApiError(501, `Method '${method} ${path}' not implemented`, { bare: true });
}

/** An exception of Proxmox VE as text: the message, then `key: text` per error. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError && error.errors !== undefined) {
    const lines = Object.entries(error.errors).map(([key, text]) => `${key}: ${text}\n`);
    return `${error.message}\n${lines.join('')}`;
  }
  return error instanceof Error ? error.message : String(error);
}
