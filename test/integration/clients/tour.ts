import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** Input of proxmoxer_tour.py. */
export interface TourOptions {
  readonly host: string;
  readonly port: number;
  /** PEM file */
  readonly ca: string;
  /** PEM file of a CA that has nothing to do with the node */
  readonly wrong_ca: string;
  readonly release: string;
  readonly node: string;
  readonly user: string;
  readonly password?: string;
  readonly token_name?: string;
  readonly token_value?: string;
  readonly vmid: number;
  readonly template: string;
  readonly address: string;
  readonly gateway: string;
}

/** Step → its error; undefined: it went well. A step that is missing was not reached. */
export type Steps = ReadonlyMap<string, string | undefined>;

/** Takes proxmoxer through the node. `deadline`: milliseconds for all of it. */
export function tour(python: string, options: TourOptions, deadline: number): Promise<Steps> {
  const child = spawn(python, [join(import.meta.dirname, 'proxmoxer_tour.py')], {
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: deadline,
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  child.stdin.end(JSON.stringify(options));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', () => {
      const lines = text.split('\n').filter((line) => line !== '');
      const steps = lines.map((line) => JSON.parse(line) as { readonly step: string; readonly error?: string });
      resolve(new Map(steps.map(({ step, error }) => [step, error])));
    });
  });
}
