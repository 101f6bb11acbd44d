import type { Problem } from '../model/errors.ts';
import { type FieldName, type Part, partAt } from './field.ts';
import { fields } from './fields.ts';
import type { Format } from './files.ts';
import { type Finding, type Path, valueAt } from './findings.ts';
import { evaluationHint } from './hints.ts';
import { unknownKeyFix } from './known-keys.ts';

type Said = Pick<Problem, 'message'> & Partial<Pick<Problem, 'key' | 'fix'>>;

/** What a finding says, with the whole way to its place: `interfaces[1].adress: is not a key; did you mean …?` */
export function describeFinding(name: FieldName, key: string, value: unknown, finding: Finding, format: Format): Said {
  const { path } = finding;
  const { shape } = fields[name];
  const whole = format === 'env' ? key : keyOf(key, path);
  switch (finding.kind) {
    case 'conflict':
      return { key: whole, ...withFix(finding.message, finding.fix) };
    case 'unknown': {
      const known = Object.keys(shape?.parts ?? {});
      const message = `is not a key of ${keyOf(key, path.slice(0, -1))}`;
      return { key: whole, message, fix: unknownKeyFix(String(path.at(-1)), known) };
    }
    case 'missing': {
      const missing = String(path.at(-1));
      const fix = `write ${missing}: ${partAt(shape, path)?.form ?? fields[name].form}`;
      return { key: keyOf(key, path.slice(0, -1)), message: `has no ${missing}`, fix };
    }
    case 'name': {
      return { key: whole, ...wrongPart({ ...fields[name], ...shape?.name }, path.at(-1), format) };
    }
    case 'wrong':
      return { key: whole, ...wrongPart(describedAt(name, path), valueAt(value, path), format) };
    default:
      return finding satisfies never;
  }
}

/** Of an item or a name that has no description of its own the field's is told, with the form of one item. */
function describedAt(name: FieldName, path: Path): Part {
  const { shape } = fields[name];
  const part = partAt(shape, path);
  if (part !== undefined) return part;
  return shape === undefined || path.length === 0 ? fields[name] : { ...fields[name], form: shape.item };
}

function wrongPart({ form, hint, schema }: Part, value: unknown, format: Format): Said {
  const text = textOf(value);
  const quotedNumber =
    format === 'yaml' &&
    typeof value === 'string' &&
    /^\d+(?:\.\d+)?$/.test(value) &&
    schema.safeParse(Number(value)).success;
  // What is longer than any value has no slip that could be named.
  const fix =
    (text.length > 200 ? undefined : hint?.(text)) ??
    evaluationHint(text) ??
    (quotedNumber ? 'remove the quotes' : undefined);
  return withFix(`expected ${form}${shown(value)}`, fix);
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
}

/** `, not "…"`, but for what is too long to be read or would draw on a terminal. */
function shown(value: unknown): string {
  const text = textOf(value);
  return text.length > 60 || /\p{Cc}/u.test(text) ? '' : `, not ${JSON.stringify(value) ?? 'nothing'}`;
}

function withFix(message: string, fix: string | undefined): Said {
  return fix === undefined ? { message } : { message, fix };
}

/** `interfaces[1].vlan` */
function keyOf(key: string, path: Path): string {
  return path.reduce<string>(
    (way, step) => (typeof step === 'number' ? `${way}[${step}]` : `${way}.${String(step)}`),
    key,
  );
}
