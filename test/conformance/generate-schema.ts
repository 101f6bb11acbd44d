import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { conformanceFolder } from './case.ts';

/**
 * Writes local/node/schema/pve-*.jsonl anew from the published API descriptions beside the repository:
 * `node build/test/conformance/generate-schema.js`. The calls are those that the files have, and those given as
 * arguments (`'GET /nodes/{node}/hosts'`).
 */
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Fields = { readonly [key: string]: Json };

interface Node {
  readonly path: string;
  readonly info?: { readonly [method: string]: Fields };
  readonly children?: readonly Node[];
}

/** What only people read, or only other tools. */
const DROPPED = new Set(['description', 'verbose_description', 'typetext', 'format_description', 'renderer', 'title']);
const LIMITS = new Set(['minimum', 'maximum', 'minLength', 'maxLength']);

const isFields = (value: Json | undefined): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mapValues = (fields: Fields, change: (value: Json) => Json): Fields =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, change(value)]));

/** A parameter with what constrains it; numbers come as texts at times. */
function parameter(value: Json): Json {
  if (!isFields(value)) return value;
  const kept = Object.entries(value).filter(([key]) => !DROPPED.has(key) && key !== 'default');
  const entries = kept.map(([key, item]): readonly [string, Json] => {
    if (LIMITS.has(key)) return [key, Number(item)];
    if (key === 'optional') return [key, Number(item) === 0 ? 0 : 1];
    if (key === 'items') return [key, parameter(item)];
    if ((key === 'format' || key === 'properties') && isFields(item)) return [key, mapValues(item, parameter)];
    return [key, item];
  });
  return Object.fromEntries(entries);
}

function lineOf(method: string, path: string, info: Fields): Fields {
  const { permissions, allowtoken, proxyto, parameters } = info;
  const { properties = {}, additionalProperties } = isFields(parameters) ? parameters : {};
  const { description: _description, ...checks } = isFields(permissions) ? permissions : {};
  return {
    method,
    path,
    ...(permissions === undefined || permissions === null ? {} : { permissions: checks }),
    ...(allowtoken === undefined ? {} : { allowtoken: Number(allowtoken) }),
    ...(typeof proxyto === 'string' ? { proxyto } : {}),
    parameters: mapValues(isFields(properties) ? properties : {}, parameter),
    ...(isFields(additionalProperties) ? {} : { additional: Number(additionalProperties ?? 1) }),
  };
}

function flatten(nodes: readonly Node[]): readonly Node[] {
  return nodes.flatMap((node) => [node, ...flatten(node.children ?? [])]);
}

for (const release of ['8.4', '9.1']) {
  const folder = join(conformanceFolder(), '..', '..');
  const source = join(folder, '..', 'shared', 'proxmox', `api-${release}.json`);
  if (!existsSync(source)) throw new Error(`Unable to write the schema of ${release}: no description at ${source}`);
  const file = join(folder, 'local', 'node', 'schema', `pve-${release}.jsonl`);
  const lines = readFileSync(file, 'utf8').split('\n');
  const before = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Fields);
  const wanted = new Set([
    ...before.map(({ method, path }) => `${String(method)} ${String(path)}`),
    ...process.argv.slice(2),
  ]);
  const all = flatten(JSON.parse(readFileSync(source, 'utf8')) as readonly Node[]).flatMap(({ path, info = {} }) =>
    Object.entries(info).map(([method, fields]) => ({ method, path, fields })),
  );
  const chosen = all
    .filter(({ method, path }) => wanted.has(`${method} ${path}`))
    .toSorted((a, b) => (`${a.path} ${a.method}` < `${b.path} ${b.method}` ? -1 : 1))
    .map(({ method, path, fields }) => JSON.stringify(lineOf(method, path, fields)));
  writeFileSync(file, `${chosen.join('\n')}\n`);
  console.log(`${release}: ${chosen.length} calls`);
}
