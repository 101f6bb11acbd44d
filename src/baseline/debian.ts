import { createHash, type Hash } from 'node:crypto';
import type { BaselineSettings } from '../model/desired.ts';
import { GitopsError } from '../model/errors.ts';
import type { StepResult } from '../model/outcome.ts';
import type { Call, Clock, Event, Shell } from '../model/ports.ts';
import { listenToScript, summariseScript } from '../model/script-report.ts';
import { ACCESS } from './script/access.ts';
import { ACCOUNTS } from './script/accounts.ts';
import { ALPINE } from './script/alpine.ts';
import { COMMON } from './script/common.ts';
import { MAIN } from './script/main.ts';
import { PACKAGES } from './script/packages.ts';
import { REGION } from './script/region.ts';

export interface BaselineInput extends BaselineSettings {
  readonly vmid: number;
  /** Public key of the site's CA: `ssh-ed25519 AAAA…`, as Keys.authority() gives it. */
  readonly authority: string;
}

/** Exit code of the script's `refuse`. */
const WRONG_SETTING = 3;

/** The script that gives Debian 12 and 13, Ubuntu 22.04 and 24.04, and Alpine their baseline; values come as its arguments, never in its text. */
export function baselineScript(): string {
  return ['#!/bin/sh', COMMON, PACKAGES, ACCOUNTS, ACCESS, REGION, ALPINE, MAIN]
    .map((part) => part.trim())
    .join('\n\n')
    .concat('\n');
}

/** Hex SHA-256 over all that decides what the baseline does: when it differs from the mark's, the baseline is due. */
export function baselineHash(settings: BaselineSettings, authority: string): string {
  hashedScript ??= createHash('sha256').update(`[${JSON.stringify(baselineScript())}`);
  const rest = scriptArguments({ ...settings, authority }).map((argument) => `,${JSON.stringify(argument)}`);
  return hashedScript
    .copy()
    .update(`${rest.join('')}]`)
    .digest('hex');
}

/** Of the script alone, which is the same for every container. */
let hashedScript: Hash | undefined;

/**
 * Brings a running container to the baseline, as root, in one round trip; a second run changes nothing.
 * Throws kind user for a setting that is wrong (an unknown time zone), kind remote when the script gives up.
 */
export async function runBaseline(
  shell: Shell,
  input: BaselineInput,
  clock: Clock,
  call: Call,
  tell: (event: Event) => void,
): Promise<StepResult> {
  const began = clock.now().getTime();
  const report = listenToScript(tell);
  const command = {
    name: 'baseline',
    argv: ['sh', '-s', '--', ...scriptArguments(input)],
    input: new TextEncoder().encode(baselineScript()),
    onLine: report.hear,
  };
  const { exitCode } = await shell.run(command, call);
  if (exitCode !== 0) {
    const last = report.tail.at(-1) ?? 'it said nothing';
    const reason = report.error() ?? `the script ended with exit code ${exitCode} (${last})`;
    throw new GitopsError(
      exitCode === WRONG_SETTING ? 'user' : 'remote',
      `Unable to give container ${input.vmid} its baseline: ${reason}`,
      {
        log: report.tail,
      },
    );
  }
  return {
    kind: 'baseline',
    summary: summariseScript(report),
    changes: [],
    changed: report.changed,
    warnings: report.warnings,
    milliseconds: clock.now().getTime() - began,
  };
}

function scriptArguments(input: BaselineSettings & { readonly authority: string }): readonly string[] {
  // An authorized_keys line may end with a comment; the authority is compared by type and key alone.
  const authority = input.authority.trim().split(/\s+/).slice(0, 2).join(' ');
  const keys = input.sshKeys.map((key) => key.trim()).filter((key) => key !== '' && !key.startsWith('#'));
  const wellFormed: readonly (readonly [string, RegExp, readonly string[]])[] = [
    ['certificate authority', /^\S+ AAAA\S+$/, [authority]],
    ['time zone', /^[A-Za-z0-9][A-Za-z0-9_+-]*(\/[A-Za-z0-9][A-Za-z0-9_+-]*)*$/, [input.timezone]],
    ['locale', /^[A-Za-z][A-Za-z0-9_.@-]*$/, [input.locale]],
    ['operator key', /^[^\r\n]*AAAA[^\r\n]*$/, keys],
  ];
  for (const [what, form, values] of wellFormed) {
    const bad = values.find((value) => !form.test(value));
    if (bad !== undefined)
      throw new GitopsError('user', `Unable to give a baseline: ${what} ${JSON.stringify(bad)} is not one`);
  }
  return [authority, input.timezone, input.locale, input.upgrade ? 'yes' : 'no', ...keys];
}
