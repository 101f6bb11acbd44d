import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** The programs under test. `staticRoot` is empty when Gitea brings its templates itself. */
export interface Tools {
  readonly gitea: string;
  readonly runner: string;
  readonly staticRoot: string;
}

/** Builds them when the cache does not have them, which takes minutes; its progress is shown as it comes. */
export async function provideTools(timeoutMs = 1_700_000): Promise<Tools> {
  const output = await new Promise<string>((resolve, reject) => {
    const script = join(import.meta.dirname, 'build-tools.sh');
    const child = spawn(script, [], { stdio: ['ignore', 'pipe', 'inherit'], timeout: timeoutMs });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(text);
      else reject(new Error(`Unable to provide Gitea and its runner: build-tools.sh ended with ${code ?? signal}`));
    });
  });
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(output)?.[1] ?? '';
  return {
    gitea: value('GITEA_BINARY'),
    runner: value('RUNNER_BINARY'),
    staticRoot: process.env.PVE_GITOPS_GITEA_STATIC ?? value('GITEA_STATIC_ROOT'),
  };
}
