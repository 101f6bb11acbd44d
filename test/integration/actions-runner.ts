import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';

/** What Gitea's runner does with the composite of `.gitea/workflows/`, as far as our actions can see it. */

const ROOT = resolve(import.meta.dirname, '../..');

export interface Trigger {
  readonly serverUrl: string;
  /** owner/name */
  readonly repository: string;
  readonly branch: string;
  readonly sha: string;
  readonly event?: 'push' | 'workflow_dispatch';
  /** The job's token. */
  readonly token?: string;
  /** Settings file on the runner's host. */
  readonly config?: string;
  /** `with:` of the workflow. */
  readonly with?: Readonly<Record<string, string>>;
  /** Called with each new piece of a step's log; the process is the step's. */
  readonly watch?: (step: string, text: string, process: ChildProcess) => void;
}

export interface Step {
  readonly id: string;
  /** 128 + signal's number as a shell says it, or 1000 without one */
  readonly code: number;
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly milliseconds: number;
}

export interface Job {
  /** 0 when all steps ended with it. */
  readonly code: number;
  readonly steps: readonly Step[];
  /** Of all steps. */
  readonly log: string;
  readonly summary: string;
  /** Of the composite. */
  readonly outputs: Readonly<Record<string, string>>;
}

interface ActionFile {
  readonly inputs?: Readonly<Record<string, { readonly default?: string }>>;
  readonly outputs?: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: {
    readonly steps?: readonly {
      readonly id: string;
      readonly uses: string;
      readonly with: Readonly<Record<string, string>>;
    }[];
    readonly main?: string;
  };
}

const actionFile = (path: string): ActionFile => parse(readFileSync(join(ROOT, path), 'utf8')) as ActionFile;

/** Runs the composite's steps one after the other, in a workspace of their own that is removed. */
export async function runJob(trigger: Trigger): Promise<Job> {
  const folder = mkdtempSync(join(tmpdir(), 'pve-gitops-job-'));
  const workspace = join(folder, 'workspace');
  mkdirSync(workspace);
  const github: Readonly<Record<string, string>> = {
    repository: trigger.repository,
    ref_name: trigger.branch,
    token: trigger.token ?? '',
  };
  try {
    const composite = actionFile('.gitea/workflows/action.yml');
    const given = { repo: github.repository ?? '', ref: trigger.branch, cache_bust: '7', ...trigger.with };
    const inputs = withDefaults(composite, given, { github });
    const done: Record<string, Step> = {};
    for (const { id, uses, with: handed } of composite.runs.steps ?? []) {
      const directory = uses.replace(/^srv\/config\/(.*)@main$/, '$1');
      const context = { github, inputs, steps: done };
      const own = withDefaults(actionFile(join(directory, 'action.yml')), evaluated(handed, context), context);
      // Inputs of the composite reach the steps too (test/e2e/composite.e2e.test.ts).
      const environment = { ...asEnvironment(inputs), ...asEnvironment(own), ...hostEnvironment(trigger, folder) };
      done[id] = await runStep({ id, directory, folder, workspace, environment, watch: trigger.watch });
      if (done[id].code !== 0) break;
    }
    const steps = Object.values(done);
    const values = Object.entries(composite.outputs ?? {}).map(([name, { value }]) => [name, value] as const);
    return {
      code: steps.find(({ code }) => code !== 0)?.code ?? 0,
      steps,
      log: steps.map(({ log }) => log).join(''),
      summary: steps.map(({ summary }) => summary).join(''),
      outputs: evaluated(Object.fromEntries(values), { github, inputs, steps: done }),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Context {
  readonly github: Readonly<Record<string, string>>;
  readonly inputs?: Readonly<Record<string, string>>;
  readonly steps?: Readonly<Record<string, Step>>;
}

function withDefaults(file: ActionFile, given: Readonly<Record<string, string>>, context: Context) {
  const defaults = Object.entries(file.inputs ?? {}).map(([name, input]) => [name, input.default ?? ''] as const);
  const chosen = Object.entries(given).filter(([, value]) => value !== '');
  return { ...evaluated(Object.fromEntries(defaults), context), ...Object.fromEntries(chosen) };
}

/** The expressions that our own files use; any other is a failure. */
function evaluated(texts: Readonly<Record<string, string>>, context: Context): Record<string, string> {
  const value = (expression: string): string => {
    const [root, ...path] = expression.split('.');
    const [name = '', kind, output = ''] = path;
    if (root === 'inputs' && path.length === 1) return context.inputs?.[name] ?? '';
    if (root === 'github' && name in context.github && path.length === 1) return context.github[name] ?? '';
    if (root === 'steps' && kind === 'outputs' && path.length === 3)
      return context.steps?.[name]?.outputs[output] ?? '';
    throw new Error(`Unable to evaluate ${expression}`);
  };
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [
      name,
      text.replaceAll(/\$\{\{\s*(\S+)\s*\}\}/g, (_, expression: string) => value(expression)),
    ]),
  );
}

function asEnvironment(inputs: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]));
}

/** The variables that Gitea's runner 1.0 sets in host mode; it sets no GITHUB_TOKEN. */
function hostEnvironment(trigger: Trigger, folder: string): Record<string, string> {
  const { serverUrl, repository, branch, sha } = trigger;
  const home = join(folder, 'home');
  mkdirSync(home, { recursive: true });
  const event = join(folder, 'event.json');
  writeFileSync(event, JSON.stringify({ ref: `refs/heads/${branch}`, after: sha }));
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    TMPDIR: folder,
    CI: 'true',
    GITEA_ACTIONS: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTOR: 'someone',
    GITHUB_API_URL: `${serverUrl}/api/v1`,
    GITHUB_EVENT_NAME: trigger.event ?? 'push',
    GITHUB_EVENT_PATH: event,
    GITHUB_JOB: 'include',
    GITHUB_REF: `refs/heads/${branch}`,
    GITHUB_REF_NAME: branch,
    GITHUB_REF_TYPE: 'branch',
    GITHUB_REPOSITORY: repository,
    GITHUB_REPOSITORY_OWNER: repository.split('/')[0] ?? '',
    GITHUB_RUN_ID: '11',
    GITHUB_RUN_NUMBER: '7',
    GITHUB_SERVER_URL: serverUrl,
    GITHUB_SHA: sha,
    GITHUB_WORKFLOW: 'container.yml',
    GITHUB_WORKSPACE: join(folder, 'workspace'),
    RUNNER_TEMP: folder,
    ...(trigger.config === undefined ? {} : { PVE_GITOPS_CONFIG: trigger.config }),
  };
}

interface StepOptions {
  readonly id: string;
  /** `actions/NAME` */
  readonly directory: string;
  readonly folder: string;
  readonly workspace: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly watch: Trigger['watch'];
}

const FILES = ['OUTPUT', 'ENV', 'PATH', 'STATE', 'STEP_SUMMARY'] as const;

async function runStep({ id, directory, folder, workspace, environment, watch }: StepOptions): Promise<Step> {
  const script = join(ROOT, directory, actionFile(join(directory, 'action.yml')).runs.main ?? '');
  if (!existsSync(script)) throw new Error(`Unable to run ${directory}: ${script} is missing; run npm run dist`);
  const files = Object.fromEntries(FILES.map((name) => [`GITHUB_${name}`, join(folder, `${id}-${name}`)]));
  for (const file of Object.values(files)) writeFileSync(file, '');
  const began = performance.now();
  const child = spawn('node', [script], {
    cwd: workspace,
    env: { ...environment, ...files, GITHUB_ACTION: id, GITHUB_ACTION_PATH: join(ROOT, directory) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      watch?.(id, text, child);
    });
  }
  // A child that holds the output keeps the real runner waiting: `close`, not `exit`.
  const code = await new Promise<number>((end, failed) => {
    child.once('error', failed);
    child.once('close', (exit, signal) => end(exit ?? (signal === 'SIGKILL' ? 137 : 1000)));
  });
  const read = (name: string): string => readFileSync(files[name] ?? '', 'utf8');
  return {
    id,
    code,
    log,
    outputs: outputsOf(read('GITHUB_OUTPUT')),
    summary: read('GITHUB_STEP_SUMMARY'),
    milliseconds: performance.now() - began,
  };
}

/** `name<<DELIMITER`, lines, `DELIMITER` */
function outputsOf(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const [, name, delimiter] = /^([^=<]+)<<(.+)$/.exec(lines[at] ?? '') ?? [];
    if (name === undefined || delimiter === undefined) {
      if ((lines[at] ?? '') !== '') throw new Error(`not an output: ${lines[at]}`);
      continue;
    }
    const end = lines.indexOf(delimiter, at + 1);
    if (end === -1) throw new Error(`output ${name} has no end`);
    outputs[name] = lines.slice(at + 1, end).join('\n');
    at = end;
  }
  return outputs;
}
