import { createHash } from 'node:crypto';
import type { Call, Event, Shell } from '../model/ports.ts';
import { CINC_FILES } from './cinc-files.ts';
import { cincInstallScript, cincSource } from './cinc-install.ts';
import { type CincReport, readCincReport, tellFailure } from './cinc-report.ts';
import type { ConfigureInput, EngineResult } from './engine.ts';
import { runInGuest } from './run-in-guest.ts';

const PROGRAM = 'cinc-client';
const COOKBOOK = 'cookbooks/pve-gitops';

/**
 * Converges the definition's recipe inside its container: the definition becomes a cookbook, ours stands before it in the run
 * list. Resource counts and what failed come back by our report handler, and so does what Env.set gave to the site's store.
 */
export async function runCincEngine(
  shell: Shell,
  input: ConfigureInput,
  call: Call,
  tell: (event: Event) => void,
): Promise<EngineResult> {
  const work = {
    name: PROGRAM,
    stages: [
      { name: 'cinc-install', argv: cincInstallScript(cincSource(input.cinc)) },
      {
        name: PROGRAM,
        argv: ['bash', '-c', CINC_FILES['client/launch.sh'], PROGRAM, cookbookName(input.name)] as const,
      },
    ],
    files: kit(input),
    explain(lines: readonly string[]) {
      const { failure } = readCincReport(lines);
      return failure === undefined ? undefined : { reason: tellFailure(failure) };
    },
  };
  const secrets = ['PASSWORD', ...(input.secretNames ?? [])].join(' ');
  const environment = { ...input.environment, PVE_GITOPS_SECRETS: secrets };
  const done = await runInGuest(shell, { ...input, environment }, work, call, tell);
  const report = readCincReport(done.report);
  const { variables, warnings } = arrived(report);
  return {
    summary: summarise(report),
    changed: [...done.changed, ...report.updated],
    warnings: [...done.warnings, ...warnings],
    ...(Object.keys(variables).length === 0 ? {} : { variables }),
  };
}

/** A cookbook's name, as Chef takes it, for a definition that says none. */
export function cookbookName(name: string | undefined): string {
  const cleaned = (name ?? '').toLowerCase().replaceAll(/[^a-z0-9_-]+/g, '-');
  return /^[a-z]/.test(cleaned) && cleaned !== 'pve-gitops' ? cleaned : `container-${cleaned}`.replace(/-$/, '');
}

function kit(input: ConfigureInput): Readonly<Record<string, string>> {
  const files = Object.entries(CINC_FILES).flatMap(([path, text]): [string, string][] => {
    if (!path.startsWith('client/')) return [[`${COOKBOOK}/${path}`, text]];
    return path.endsWith('.rb') ? [[path.slice('client/'.length), text]] : [];
  });
  return {
    ...Object.fromEntries(files),
    'variables.json': JSON.stringify(input.variables ?? {}),
    'site.json': JSON.stringify(input.site ?? []),
  };
}

function summarise({ updated, total }: CincReport): string {
  if (updated.length === 0)
    return total === undefined ? 'nothing to do' : `nothing to do: ${total} resources are as they should be`;
  return `${updated.length} of ${total ?? updated.length} resources updated`;
}

/** A value that was masked on its way held a secret, and goes nowhere. */
function arrived({ variables }: CincReport): {
  readonly variables: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
} {
  const whole = Object.entries(variables).filter(([, { value, sha256 }]) => sha256Of(value) === sha256);
  const names = whole.map(([name]) => name);
  return {
    variables: Object.fromEntries(whole.map(([name, { value }]) => [name, value])),
    warnings: Object.keys(variables)
      .filter((name) => !names.includes(name))
      .map((name) => `variable ${name} holds a secret and was not stored: hand it over as a secret instead`),
  };
}

const sha256Of = (text: string): string => createHash('sha256').update(text).digest('hex');
