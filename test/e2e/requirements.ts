import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** What this machine lacks for Gitea and its runner, in one sentence; undefined: nothing. `project`: where the sources are. */
export function missingForForge(project: string): string | undefined {
  const script = join(project, 'test', 'e2e', 'build-tools.sh');
  const { status, stderr, error } = spawnSync(script, ['--check'], { encoding: 'utf8', timeout: 60_000 });
  if (status === 0) return undefined;
  return error?.message ?? stderr.trim();
}
