import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const PROJECT = resolve(import.meta.dirname, '../..');
const ACTIONS = ['container-init', 'container-default', 'container-configuration', 'fleet'];

/** Copies what a clone of this project has: its tracked files as they are now, and the bundles beside them. */
export function exportProject(target: string): void {
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: PROJECT, encoding: 'utf8' }).split('\0');
  for (const file of tracked.filter((name) => name !== '' && existsSync(join(PROJECT, name)))) {
    mkdirSync(dirname(join(target, file)), { recursive: true });
    cpSync(join(PROJECT, file), join(target, file), { verbatimSymlinks: true });
  }
  for (const action of ACTIONS) {
    const bundle = join('actions', action, 'dist');
    if (!existsSync(join(PROJECT, bundle, 'index.js'))) {
      throw new Error(`Unable to export the project: ${bundle} is missing; run npm run dist`);
    }
    cpSync(join(PROJECT, bundle), join(target, bundle), { recursive: true });
  }
}

/** The same as a repository of one commit, on main; its folder. */
export function projectRepository(directory: string): string {
  mkdirSync(directory);
  exportProject(directory);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=e2e', '-c', 'user.email=e2e@localhost.invalid', ...args], { cwd: directory });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all', '--force');
  git('commit', '--quiet', '--message', 'The project as it is tested');
  return directory;
}
