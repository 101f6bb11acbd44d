import { join, relative, resolve } from 'node:path';

/** The root of this installation: the file is `build/local/cli/schema-from.js` there, or part of `build/bundle/cli/`. */
const ROOT = resolve(import.meta.dirname, '..', '..', '..');

/** The schema of this checkout where the directory lies within it; elsewhere a copy beside the file (`pve-gitops schema`). */
export function schemaFrom(directory: string): string {
  const inside = !relative(ROOT, directory).startsWith('..');
  return inside ? relative(directory, join(ROOT, 'schemas', 'container.schema.json')) : 'container.schema.json';
}
