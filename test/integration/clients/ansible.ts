import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** What a module said, as far as we look at it. */
export interface ModuleResult {
  readonly changed?: boolean;
  readonly failed?: boolean;
  readonly msg?: string;
  readonly [key: string]: unknown;
}

interface Report {
  readonly plays: readonly {
    readonly tasks: readonly {
      readonly task: { readonly name: string };
      readonly hosts: Readonly<Record<string, ModuleResult & { readonly results?: readonly ModuleResult[] }>>;
    }[];
  }[];
}

/** Task name → what its runs said: one, or one per item of its loop. */
export type PlayResults = ReadonlyMap<string, readonly ModuleResult[]>;

export interface Play {
  readonly results: PlayResults;
  /** Everything that Ansible printed beside its report; empty when all went well. */
  readonly complaints: string;
}

interface Options {
  readonly python: string;
  readonly playbook: string;
  /** Connection and credentials: they are in no argument. */
  readonly environment: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string | number>>;
  /** For the whole play, in milliseconds. */
  readonly deadline: number;
}

function parse(stdout: string): PlayResults {
  const { plays } = JSON.parse(stdout.slice(stdout.indexOf('{\n'))) as Report;
  const tasks = plays.flatMap((play) => play.tasks);
  return new Map(
    tasks.map(({ task, hosts }) => [
      task.name,
      Object.values(hosts).flatMap((result): readonly ModuleResult[] => result.results ?? [result]),
    ]),
  );
}

/** Runs a playbook of this folder on this machine itself. */
export function play({ python, playbook, environment, variables, deadline }: Options): Promise<Play> {
  const argv = ['-m', 'ansible', 'playbook', '-i', 'localhost,', '-e', JSON.stringify(variables), playbook];
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(python, argv, {
    cwd: import.meta.dirname,
    env: {
      PATH,
      HOME,
      LC_ALL: 'C.UTF-8',
      ANSIBLE_CONFIG: join(import.meta.dirname, 'ansible.cfg'),
      ANSIBLE_PYTHON_INTERPRETER: python,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: deadline,
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      try {
        resolve({ results: parse(text.stdout), complaints: code === 0 ? text.stderr : `exit ${code}\n${text.stderr}` });
      } catch {
        reject(new Error(`${playbook} ended with ${code ?? signal}:\n${text.stdout}\n${text.stderr}`));
      }
    });
  });
}
