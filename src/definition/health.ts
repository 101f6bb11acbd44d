import type { HealthCheck } from '../model/definition.ts';

/** A check as container.yml has it. */
export type WrittenCheck =
  | { readonly unit: string }
  | { readonly tcp: number }
  | { readonly http: string; readonly status?: number | undefined; readonly contains?: string | undefined }
  | { readonly command: string };

export function healthCheck(written: WrittenCheck): HealthCheck {
  if ('unit' in written) return { kind: 'unit', unit: written.unit };
  if ('tcp' in written) return { kind: 'tcp', port: written.tcp };
  if ('command' in written) return { kind: 'command', command: written.command };
  const { http, status, contains } = written;
  return {
    kind: 'http',
    url: http,
    ...(status === undefined ? {} : { status }),
    ...(contains === undefined ? {} : { contains }),
  };
}

export type ReadText = { readonly value: unknown } | { readonly wrong: string; readonly fix?: string };

/**
 * HEALTH of an .env file in the form of container.yml: `unit:apache2 tcp:1883, http://:80/ status=200 contains="two words"`.
 * `status=` and `contains=` belong to the address before them.
 */
export function healthFromText(text: string): ReadText {
  const checks: Record<string, unknown>[] = [];
  for (const token of text.match(/(?:[^\s,"']|"[^"]*"|'[^']*')+|["']/g) ?? []) {
    const [, word = '', rest = ''] = /^([a-z]+)([:=].*)$/s.exec(token) ?? [];
    const value = unquote(rest.slice(1));
    const last = checks.at(-1);
    if (rest.startsWith('=') && (word === 'status' || word === 'contains')) {
      if (last?.http === undefined) return { wrong: `${word}= follows no http address` };
      last[word] = word === 'status' && /^\d+$/.test(value) ? Number(value) : value;
    } else if (rest.startsWith(':') && word === 'unit') checks.push({ unit: value });
    else if (rest.startsWith(':') && word === 'tcp') checks.push({ tcp: /^\d+$/.test(value) ? Number(value) : value });
    else if (rest.startsWith('://') && (word === 'http' || word === 'https')) checks.push({ http: token });
    else if (word === 'command')
      return { wrong: 'a command is no value of an .env file', fix: 'write it in container.yml' };
    else return { wrong: `${JSON.stringify(token)} is no check` };
  }
  return { value: checks };
}

function unquote(text: string): string {
  return text.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? '');
}
