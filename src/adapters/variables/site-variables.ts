import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GitopsError } from '../../model/errors.ts';
import type { Variables } from '../../model/ports.ts';

const NAME = /^[A-Z_][A-Z0-9_]*$/;

/** A file each below the site's state directory, so that two runs at once never write each other's away. */
export function createVariables(stateDirectory: string): Variables {
  const folder = join(stateDirectory, 'variables');
  return {
    async all() {
      const names = (await listed(folder)).filter((name) => NAME.test(name));
      const values = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
      return Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']));
    },
    async keep(values) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      for (const [name, value] of Object.entries(values)) {
        if (!NAME.test(name))
          throw new GitopsError('user', `Unable to store variable ${JSON.stringify(name)}: it is no name of one`);
        const made = join(folder, `.${name}-${randomBytes(6).toString('hex')}`);
        await writeFile(made, value, { mode: 0o600 });
        await rename(made, join(folder, name));
      }
    },
  };
}

async function listed(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
