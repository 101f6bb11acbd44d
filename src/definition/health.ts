import * as z from 'zod';
import type { HealthCheck } from '../model/definition.ts';
import type { ReadText } from './field.ts';
import { HTTP, UNIT } from './forms.ts';
import { isPrintable, whole } from './schemas.ts';

const nothing = { effect: 'nothing', default: 'none' } as const;

export const checkParts = {
  unit: {
    ...nothing,
    schema: z.string().regex(UNIT),
    form: 'the name of a systemd unit',
    description: 'A systemd unit that has to be active',
  },
  tcp: {
    ...nothing,
    schema: whole(1, 65_535),
    form: 'a port from 1 to 65535',
    description: 'A port that has to take connections',
  },
  http: {
    ...nothing,
    schema: z.string().regex(HTTP).refine(portInRange),
    form: 'an address such as http://:80/',
    description: 'A page that has to answer; without a host it is the container itself',
  },
  status: {
    ...nothing,
    schema: whole(100, 599),
    form: 'a status from 100 to 599',
    default: 'any below 400',
    description: 'Status of the answer, beside http',
  },
  contains: {
    ...nothing,
    schema: z.string().min(1).refine(isPrintable),
    form: 'text',
    description: 'Text within the answer, beside http',
  },
  command: {
    ...nothing,
    schema: z.string().min(1).refine(isPrintable),
    form: 'a command for the shell',
    description: 'A command that has to end with 0',
  },
};

const { unit, tcp, http, status, contains, command } = checkParts;

export const check = z.union([
  z.strictObject({ unit: unit.schema }),
  z.strictObject({ tcp: tcp.schema }),
  z.strictObject({
    http: http.schema,
    status: status.schema.exactOptional(),
    contains: contains.schema.exactOptional(),
  }),
  z.strictObject({ command: command.schema }),
]);

/** Beyond what a readable pattern can say. */
function portInRange(url: string): boolean {
  const digits = /:(\d+)(?:\/|$)/.exec(url)?.[1];
  return digits === undefined || (Number(digits) > 0 && Number(digits) <= 65535);
}

export function healthCheck(written: z.infer<typeof check>): HealthCheck {
  if ('unit' in written) return { kind: 'unit', ...written };
  if ('tcp' in written) return { kind: 'tcp', port: written.tcp };
  if ('command' in written) return { kind: 'command', ...written };
  const { http: url, ...rest } = written;
  return { kind: 'http', url, ...rest };
}

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
