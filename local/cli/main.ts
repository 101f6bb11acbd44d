#!/usr/bin/env node
import { Command, CommanderError, Option } from 'commander';
import { errorJson, renderError } from '../../src/report/error.ts';
import { EXIT, exitCodeOfError } from '../../src/report/exit-code.ts';
import { settingNames, settingRows } from '../../src/settings/table.ts';
import { type AdoptOptions, adopt } from './adopt.ts';
import { confirm } from './confirm.ts';
import type { CommonOptions } from './context.ts';
import { controlPlaneUp, type UpOptions } from './controlplane.ts';
import { runStretch } from './deploy.ts';
import { doctor } from './doctor.ts';
import { diff, history, type RollbackOptions, rollBack } from './history.ts';
import { type ImportOptions, importAny } from './import.ts';
import { nodeReset, nodeStart, nodeStatus, nodeStop } from './node.ts';
import { printSchema } from './schema.ts';
import { type SecretOptions, secretKey, secretList, secretRemove, secretRotate, secretSet } from './secret.ts';
import { type SetupOptions, setup } from './setup.ts';
import { status } from './status.ts';
import { validate } from './validate.ts';

type Raw = Readonly<Record<string, unknown>>;

const EXAMPLES = `
Examples:
  $ pve-gitops node start                      a local node with real containers on this machine
  $ pve-gitops validate libs/*                 all that is wrong with definitions; asks no server
  $ pve-gitops plan libs/apache                what a deploy would do
  $ pve-gitops deploy libs/apache              create, configure, verify
  $ pve-gitops status                          all containers of this site
  $ pve-gitops destroy libs/apache --yes       stop and remove it, when it is ours

Every setting of docs/settings.md is an option too (--proxmox-host, --network-bridge …), except secrets: they come from the
environment or a file, since arguments can be read by every user of the machine.

Exit codes: 0 ok · 1 bug · 2 changes (plan --detailed-exitcode, import) · 3 input · 4 remote · 5 busy · 6 not ours ·
            7 failed and rolled back · 8 failed, not rolled back · 9 needs root or LXC`;

/** Settings that may stand on a command line. */
const OPTIONS = settingNames
  .map((name) => settingRows[name])
  .filter((row) => !row.secret && row.input !== 'debug' && row.input !== 'stage');
const camel = (text: string): string => text.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

function common(options: Raw): CommonOptions & Raw {
  const settings: Record<string, string> = {};
  for (const { input } of [...OPTIONS, { input: 'config' }]) {
    const value = options[camel(input)];
    if (typeof value === 'string') settings[input] = value;
  }
  return { ...options, settings } as CommonOptions & Raw;
}

let exitCode = 0;
let debug = false;

type Work = (directory: string, options: CommonOptions & Raw) => Promise<number>;

function command(parent: Command, name: string, description: string): Command {
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
  for (const row of OPTIONS) made.addOption(new Option(`--${row.input} <value>`, row.description).hideHelp());
  return made;
}

const run =
  (work: Work) =>
  async (directory: string, raw: Raw): Promise<void> => {
    debug = raw.debug === true;
    exitCode = await work(directory, common(raw));
  };

const program = new Command('pve-gitops');
program.description(
  'A container definition in a directory becomes a running, configured, verified container on Proxmox VE.',
);
program.addHelpText('after', EXAMPLES).showHelpAfterError('(pve-gitops --help shows examples)').exitOverride();

command(
  program,
  'validate <directories...>',
  'read definitions and say all that is wrong with them; asks no server',
).action(async (directories: readonly string[], raw: Raw) => {
  debug = raw.debug === true;
  exitCode = await validate(directories, common(raw));
});
program
  .command('schema')
  .description('print the JSON Schema of container.yml')
  .action(() => {
    exitCode = printSchema();
  });
command(program, 'plan <directory>', 'show what a deploy would do; changes nothing')
  .option('--detailed-exitcode', 'end with 2 when there is something to change')
  .action(run((directory, options) => runStretch('plan', directory, options)));
command(program, 'deploy <directory>', 'create or change the container, configure it, verify it')
  .option('--force', 'configure although nothing has changed')
  .action(run((directory, options) => runStretch('deploy', directory, options)));
command(program, 'configure <directory>', 'configure and verify a container that is deployed; changes no resources')
  .option('--force', 'configure although nothing has changed')
  .action(run((directory, options) => runStretch('configure', directory, options)));
command(
  program,
  'rebuild <directory>',
  'make its root file system anew beside the one that serves, and replace it when it is proven; volumes stay',
).action(run((directory, options) => runStretch('deploy', directory, { ...options, rebuild: true })));
command(program, 'status [directory]', 'what runs, and what a deploy would change').action(
  run((directory, options) => status(directory, options)),
);
command(
  program,
  'doctor [directory]',
  'whether everything is in order for a deploy, and what mends it; changes nothing',
).action(run((directory, options) => doctor(directory, options)));
command(
  program,
  'destroy <directory>',
  'stop and remove the container, when it is ours; one with volumes is retired unless they are named too',
)
  .option('--yes', 'without asking')
  .option('--delete-volume <name...>', 'destroy this volume with it, as if git said delete')
  .action(
    run(async (directory, options) => {
      await confirm(`Destroy the container of ${directory} and its root file system?`, options.yes === true);
      return runStretch('destroy', directory, options);
    }),
  );
command(
  program,
  'import [directory]',
  'write a definition: of a directory with configSettings, or of a container that exists (--vmid); changes nothing on the server',
)
  .option('--vmid <number>', 'the container', Number)
  .option('--print', 'print the definition instead of writing container.yml')
  .option('--force', 'write over a container.yml that is there')
  .action(run((directory, options) => importAny(directory, options as unknown as ImportOptions)));
command(
  program,
  'adopt <directory>',
  'take over a container that exists: puts the owner mark and our tag on it, changes nothing else',
)
  .requiredOption('--vmid <number>', 'the container', Number)
  .option('--from <owner>', 'the owner it is taken from, when it has one')
  .option('--host-key <fingerprint...>', 'SHA256:… of its SSH host keys')
  .action(run((directory, options) => adopt(directory, options as unknown as AdoptOptions)));

command(program, 'setup', 'print what makes a pool, a small role and a token for it; with --run make them')
  .option('--run', 'make what is missing, and write the settings file')
  .option('--output <file>', 'the settings file (local/config.json)')
  .option('--pool <name>', 'the pool (gitops)')
  .option('--token <id>', 'the token, user@realm!name (gitops@pve!deploy)')
  .option('--fingerprint <sha256>', 'accept this certificate of the server')
  .option('--also-storage <name...>', 'further storages, for volumes and backups')
  .option('--renew-token', 'make a new secret for the token')
  .action(async (raw: Raw) => {
    debug = raw.debug === true;
    exitCode = await setup(common(raw) as SetupOptions);
  });

command(program, 'history <directory>', 'what runs, and the states that can be gone back to').action(run(history));
command(program, 'rollback <directory>', 'take the container back to a state that was good')
  .option('--to <commit>', 'the commit to go back to (the one before)')
  .option('--with-data', 'volumes go back too: what was written to them since is lost')
  .action(run((directory, options) => rollBack(directory, options as unknown as RollbackOptions)));
command(program, 'diff <directory> <before> <after>', 'what differs between two commits of a definition').action(
  async (directory: string, before: string, after: string, raw: Raw) => {
    debug = raw.debug === true;
    exitCode = await diff(directory, before, after, common(raw));
  },
);

const secret = program.command('secret').description('secrets of a definition, encrypted in its secrets.env');
const runSecret =
  (work: (options: SecretOptions) => Promise<number>) =>
  async (raw: Raw): Promise<void> => {
    debug = raw.debug === true;
    exitCode = await work(common(raw) as SecretOptions);
  };
const secretCommand = (name: string, description: string) =>
  command(secret, name, description).option('--dir <directory>', 'the definition (the working directory)');
secretCommand('set <name>', 'encrypt a value; it comes from a prompt, or from standard input')
  .option('--key <age1…>', 'for this public key (the one that the file names, else this site’s)')
  .action((name: string, raw: Raw) => runSecret((options) => secretSet(name, options))(raw));
secretCommand('remove <name>', 'take a secret out of the file').action((name: string, raw: Raw) =>
  runSecret((options) => secretRemove(name, options))(raw),
);
secretCommand('list', 'names, and whether this machine can read their values').action(runSecret(secretList));
secretCommand('rotate [directories...]', 'a new key for the site; encrypts the secrets of the directories for it')
  .option('--done', 'all repositories have been done: the older keys are thrown away')
  .action((directories: readonly string[], raw: Raw) =>
    runSecret((options) => secretRotate(directories, options))(raw),
  );
secretCommand('key', 'print the public key that secrets of this site are encrypted for').action(runSecret(secretKey));

const controlPlane = program.command('controlplane').description('Gitea and its runner, which deploy themselves');
command(controlPlane, 'up', 'the control plane on the local node, with everything in it; again: brings it up to date')
  .option('--port <number>', 'port of this machine that leads to it', Number, 8080)
  .option('--project <directory>', 'the git repository that it is made from', '.')
  .action(async (raw: Raw) => {
    debug = raw.debug === true;
    exitCode = await controlPlaneUp(common(raw) as UpOptions);
  });

const node = program
  .command('node')
  .description('the local node: a Proxmox VE API with real containers on this machine');
const nodeCommand = (name: string, description: string) =>
  node.command(name).description(description).option('--json', 'JSON on standard output');
const runNode =
  (work: (options: Raw) => Promise<number>) =>
  async (raw: Raw): Promise<void> => {
    exitCode = await work(raw);
  };
nodeCommand('start', 'start it, or find the one that runs')
  .option('--simulated', 'without containers: needs neither root nor LXC')
  .option('--unless-configured', 'do nothing when a Proxmox VE is configured')
  .option('--install', 'install missing Debian packages first (says which)')
  .option('--check', 'only say what is missing')
  .option('--port <number>', 'first port to try', Number, 8006)
  .option('--pve <version>', 'version to answer as', '8.4')
  .action(runNode(nodeStart));
nodeCommand('stop', 'stop the API; containers go on running').action(runNode(nodeStop));
nodeCommand('status', 'what it is and where').action(runNode(nodeStatus));
nodeCommand('reset', 'stop and remove all its containers and its state')
  .option('--host', 'said for clarity: every change that it made to this machine is taken back in any case')
  .option('--yes', 'without asking')
  .action(
    runNode(async (options) => {
      await confirm('Remove the local node with all its containers?', options.yes === true);
      return nodeReset(options);
    }),
  );

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) exitCode = error.exitCode === 0 ? 0 : EXIT.user;
  else {
    exitCode = exitCodeOfError(error);
    for (const line of renderError(error, { debug })) console.error(line);
    if (process.argv.includes('--json')) console.log(errorJson(error, exitCode));
  }
}
process.exitCode = exitCode;
