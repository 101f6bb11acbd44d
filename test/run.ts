import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkHost } from '../local/node/backend/lxc/requirements.ts';
import { missingForForge } from './e2e/requirements.ts';

/** `npm test`: every kind of test that this machine can run; says loudly which it cannot, and why. */

const ROOT = join(import.meta.dirname, '..', '..');
const RESULTS = join(ROOT, 'test-results');
const CONTAINERS: ReadonlySet<string> = new Set(['integration', 'host']);
/** What of the end-to-end tests needs containers. */
const DEPLOYS = ['controlplane', 'controlplane-elsewhere', 'controlplane-replace', 'deploy', 'workflows'].map(
  (name) => `test/e2e/${name}.e2e.test.ts`,
);

interface Count {
  readonly passed: number;
  readonly failed: number;
}

function vitest(project: string, more: readonly string[]): Promise<number> {
  const output = join(RESULTS, `${project}.json`);
  rmSync(output, { force: true });
  const args = [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile=${output}`,
    ...more,
  ];
  const child = spawn(process.execPath, [join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'), ...args], {
    cwd: ROOT,
    stdio: 'inherit',
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

function countOf(project: string, exit: number): Count {
  try {
    const report = JSON.parse(readFileSync(join(RESULTS, `${project}.json`), 'utf8')) as {
      readonly numPassedTests: number;
      readonly numFailedTests: number;
      readonly numFailedTestSuites: number;
    };
    const broken = exit !== 0 && report.numFailedTests === 0 ? Math.max(1, report.numFailedTestSuites) : 0;
    return { passed: report.numPassedTests, failed: report.numFailedTests + broken };
  } catch {
    return { passed: 0, failed: 1 };
  }
}

async function main(projects: readonly string[]): Promise<void> {
  mkdirSync(RESULTS, { recursive: true });
  const missing = (await checkHost()).map((m) => `${m.what} (${m.reason})`).join(', ');
  const total = { passed: 0, failed: 0 };
  const left: string[] = [];
  const times: string[] = [];
  for (const project of projects) {
    if (CONTAINERS.has(project) && missing !== '') {
      left.push(`${project} tests with real containers: ${missing}`);
      continue;
    }
    const forge = project === 'e2e' ? missingForForge(ROOT) : undefined;
    if (forge !== undefined) {
      left.push(`end-to-end tests with a real Gitea: ${forge}`);
      continue;
    }
    const more = project === 'e2e' && missing !== '' ? DEPLOYS.flatMap((file) => ['--exclude', file]) : [];
    if (more.length > 0) left.push(`end-to-end deploys to real containers: ${missing}`);
    const began = Date.now();
    const count = countOf(project, await vitest(project, more));
    times.push(
      `${project}: ${((Date.now() - began) / 1000).toFixed(1)} s, ${count.passed} passed, ${count.failed} failed`,
    );
    total.passed += count.passed;
    total.failed += count.failed;
  }
  console.log(`\n${times.join('\n')}`);
  for (const text of left) console.log(`LEFT OUT on this machine: ${text}`);
  // Long ones that have not been seen green in one go yet; CONTRIBUTING.md says how they are run.
  for (const project of projects) {
    const folder = join(ROOT, 'test', project);
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.by-hand.ts')) : [];
    for (const name of names) console.log(`LEFT OUT, run by hand: test/${project}/${name}`);
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

const asked = process.argv.slice(2);
await main(asked.length > 0 ? asked : ['unit', 'contract', 'host', 'integration']);
