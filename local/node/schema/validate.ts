import { errorText, type ParameterErrors, parameterError } from '../http/answer.ts';
import type { Value } from '../http/parameters.ts';
import { FORMATS } from './formats.ts';
import { parsePropertyString } from './property-string.ts';
import type { Properties, Property } from './types.ts';

const NOT_DEFINED = 'property is not defined in schema and the schema does not allow additional properties';

/** Perl's `split_list`: NULs when there are any, else commas, semicolons and blanks separate. */
export function splitList(text: string): readonly string[] {
  return text.split(text.includes('\0') ? '\0' : /[,;\s]+/).filter((item) => item !== '');
}

const NUMBER = /^[+-]?(?:\d+\.\d+|\d+\.|\.\d+|\d+)(?:[eE][+-]?\d+)?$/;

/** What Perl's `ref` calls a value that is no text. */
function kindOf(value: Exclude<Value, string | null>): string {
  if ('boolean' in value) return 'JSON::PP::Boolean';
  return 'hash' in value ? 'HASH' : 'ARRAY';
}

function typeError(type: string, value: Value): string | undefined {
  const got = (text: string): string => `type check ('${type}') failed - got ${text}`;
  if (value === null) return undefined;
  if (type === 'array') return Array.isArray(value) ? undefined : "type check ('array') failed";
  if (typeof value !== 'string') {
    return type === 'boolean' && 'boolean' in value ? undefined : got(kindOf(value));
  }
  switch (type) {
    case 'integer':
      return /^[+-]?\d+$/.test(value) ? undefined : got(`'${value}'`);
    case 'number':
      return NUMBER.test(value) ? undefined : got(`'${value}'`);
    case 'boolean':
      return value === '1' || value === '0' ? undefined : got(`'${value}'`);
    default:
      return undefined;
  }
}

function formatError(format: string | Properties, value: string, path: string): string | undefined {
  if (typeof format !== 'string') {
    try {
      parsePropertyString(format, value, path);
      return undefined;
    } catch (error) {
      const text = errorText(error);
      return text.endsWith('\n') ? text : `${text}\n`;
    }
  }
  if (format.endsWith('-opt') && (value === '' || value === '0')) return undefined;
  const name = format.replace(/-opt$/, '');
  const single = FORMATS[name];
  const items = single === undefined && name.endsWith('-list') ? splitList(value) : [value];
  const check = single ?? FORMATS[name.replace(/-list$/, '')];
  if (check === undefined) return undefined;
  for (const item of items) {
    const text = check(item);
    if (text !== undefined) return `${text}\n`;
  }
  return undefined;
}

const PATTERNS = new Map<string, RegExp>();

/** Perl prints a pattern inside another one as `(?^i:…)`; letters' case matters for all of it or for none here. */
export function perlPattern(pattern: string): RegExp {
  const known = PATTERNS.get(pattern);
  if (known !== undefined) return known;
  const text = pattern.replace(/\(\?\^[a-z]*:/g, '(?:');
  const made = new RegExp(`^(?:${text})$`, pattern.includes('(?^i:') ? 'i' : '');
  PATTERNS.set(pattern, made);
  return made;
}

function limitError(property: Property, value: string): string | undefined {
  const length = [...value].length;
  if (property.pattern !== undefined && !perlPattern(property.pattern).test(value)) {
    return 'value does not match the regex pattern';
  }
  if (property.maxLength !== undefined && length > property.maxLength) {
    return `value may only be ${property.maxLength} characters long`;
  }
  if (property.minLength !== undefined && length < property.minLength) {
    return `value must be at least ${property.minLength} characters long`;
  }
  if (NUMBER.test(value)) {
    if (property.maximum !== undefined && Number(value) > property.maximum) {
      return `value must have a maximum value of ${property.maximum}`;
    }
    if (property.minimum !== undefined && Number(value) < property.minimum) {
      return `value must have a minimum value of ${property.minimum}`;
    }
  }
  if (property.enum && !property.enum.includes(value)) {
    return `value '${value}' does not have a value in the enumeration '${property.enum.join(', ')}'`;
  }
  return undefined;
}

/** What is wrong with one value; a list is accepted for formats that are lists. */
function valueError(property: Property, given: Value | undefined, path: string): string | undefined {
  if (given === undefined || given === null) {
    return property.optional === 1 || property.alias !== undefined
      ? undefined
      : 'property is missing and it is not optional';
  }
  const isList = Array.isArray(given);
  const listFormat = typeof property.format === 'string' && property.format.endsWith('-list');
  const value: Value = isList && listFormat ? given.join(',') : given;
  const wrongType = typeError(property.type ?? 'string', value);
  if (wrongType !== undefined) return wrongType;
  if (typeof value !== 'string') return undefined;
  const wrongFormat = property.format === undefined ? undefined : formatError(property.format, value, path);
  return wrongFormat === undefined ? limitError(property, value) : `invalid format - ${wrongFormat}`;
}

/** All errors of an object against its properties; keys are prefixed with `path.`. */
export function objectErrors(
  properties: Properties,
  values: Readonly<Record<string, Value>>,
  options: { readonly path?: string; readonly additional?: boolean } = {},
): ParameterErrors {
  const prefix = options.path === undefined || options.path === '' ? '' : `${options.path}.`;
  const errors: Record<string, string> = {};
  for (const [name, property] of Object.entries(properties)) {
    const text = valueError(property, values[name], `${prefix}${name}`);
    if (text !== undefined) errors[`${prefix}${name}`] = text;
  }
  for (const name of Object.keys(values)) {
    const property = properties[name];
    if (property === undefined) {
      if (options.additional !== true) errors[`${prefix}${name}`] = NOT_DEFINED;
    } else if (property.requires !== undefined && (values[property.requires] ?? null) === null) {
      errors[`${prefix}${property.requires}`] = `missing property - '${prefix}${name}' requires this property`;
    }
  }
  return errors;
}

/** JSON's booleans as they are stored, once the check has seen them. */
export function withoutBooleans(values: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  const plain = (value: Value): Value =>
    value !== null && typeof value === 'object' && 'boolean' in value ? (value.boolean ? '1' : '0') : value;
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, plain(value)]));
}

/** Throws 400 with every error of the call's parameters. */
export function validate(properties: Properties, values: Readonly<Record<string, Value>>, additional: boolean): void {
  const errors = objectErrors(properties, values, { additional });
  if (Object.keys(errors).length > 0) throw parameterError(errors);
}
