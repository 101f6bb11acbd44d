import { type Command, Option } from 'commander';
import { settingNames, settingRows } from '../../src/settings/table.ts';
import type { CommonOptions } from './context.ts';

export type Raw = Readonly<Record<string, unknown>>;

/** Settings that may stand on a command line. */
const OPTIONS = settingNames
  .map((name) => settingRows[name])
  .filter((row) => !row.secret && row.input !== 'debug' && row.input !== 'stage');
/** The others are in no help and in no suggestion: a hundred commands would each have all of them for nothing. */
const GIVEN = OPTIONS.filter(({ input }) =>
  process.argv.some((argument) => argument === `--${input}` || argument.startsWith(`--${input}=`)),
);
const camel = (text: string): string => text.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

export function common(options: Raw): CommonOptions & Raw {
  const settings: Record<string, string> = {};
  for (const { input } of [...OPTIONS, { input: 'config' }]) {
    const value = options[camel(input)];
    if (typeof value === 'string') settings[input] = value;
  }
  return { ...options, settings } as CommonOptions & Raw;
}

/** What the process ends with, and whether stack traces are wanted. */
export const ending = { exitCode: 0, debug: false };

export type Work = (directory: string, options: CommonOptions & Raw) => Promise<number>;

export function command(parent: Command, name: string, description: string): Command {
  const made = parent.command(name).description(description);
  made
    .option('--json', 'print the outcome as JSON on standard output')
    .option('--verbose', 'print every line that scripts and tasks print');
  made
    .option('--debug', 'stack traces, requests and their times')
    .option('--stage <name>', 'stage of the definition (main)');
  made.option('--owner <repository>', 'repository that owns the container (srv/<directory>)');
  made
    .option('--local', 'use the local node although a Proxmox VE is configured')
    .option('--config <file>', 'settings file (JSON)');
  for (const row of GIVEN) made.addOption(new Option(`--${row.input} <value>`, row.description).hideHelp());
  return made;
}

export const run =
  (work: Work) =>
  async (directory: string, raw: Raw): Promise<void> => {
    ending.debug = raw.debug === true;
    ending.exitCode = await work(directory, common(raw));
  };
