import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { errorJson, renderError } from '../../src/report/error.ts';
import { EXIT, exitCodeOfError } from '../../src/report/exit-code.ts';
import { packageRoot } from '../node/package-root.ts';
import type { DeployOptions } from './deploy.ts';
import { addFleetCommands } from './fleet-commands.ts';
import type { RollbackOptions } from './history.ts';
import { command, common, ending, type Raw, run } from './program.ts';
import type { SetupOptions } from './setup.ts';
import { addSubcommands } from './subcommands.ts';
import { addTakeOverCommands } from './take-over-commands.ts';

/** Each command is loaded when it is called: most of a short run would be spent on loading the others. */

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

type Stretch = 'plan' | 'deploy' | 'configure' | 'destroy' | 'snapshot';

async function stretch(name: Stretch, directory: string, options: DeployOptions): Promise<number> {
  const { runStretch } = await import('./deploy.ts');
  return runStretch(name, directory, options);
}

function version(): string {
  const about = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { readonly version: string };
  return about.version;
}

const program = new Command('pve-gitops');
program.description(
  'A container definition in a directory becomes a running, configured, verified container on Proxmox VE.',
);
program.addHelpText('after', EXAMPLES).showHelpAfterError('(pve-gitops --help shows examples)').exitOverride();
program.version(version(), '--version', 'print the version of this program');

command(
  program,
  'validate <directories...>',
  'read definitions and say all that is wrong with them; asks no server',
).action(async (directories: readonly string[], raw: Raw) => {
  ending.debug = raw.debug === true;
  const { validate } = await import('./validate.ts');
  ending.exitCode = await validate(directories, common(raw));
});
program
  .command('schema')
  .description('print the JSON Schema of container.yml')
  .action(async () => {
    const { printSchema } = await import('./schema.ts');
    ending.exitCode = printSchema();
  });
command(program, 'plan <directory>', 'show what a deploy would do; changes nothing')
  .option('--detailed-exitcode', 'end with 2 when there is something to change')
  .action(run((directory, options) => stretch('plan', directory, options)));
command(program, 'deploy <directory>', 'create or change the container, configure it, verify it')
  .option('--force', 'configure although nothing has changed')
  .action(run((directory, options) => stretch('deploy', directory, options)));
command(program, 'configure <directory>', 'configure and verify a container that is deployed; changes no resources')
  .option('--force', 'configure although nothing has changed')
  .action(run((directory, options) => stretch('configure', directory, options)));
command(program, 'status [directory]', 'what runs, and what a deploy would change').action(
  run(async (directory, options) => (await import('./status.ts')).status(directory, options)),
);
command(
  program,
  'doctor [directory]',
  'whether everything is in order for a deploy, and what mends it; changes nothing',
).action(run(async (directory, options) => (await import('./doctor.ts')).doctor(directory, options)));
command(
  program,
  'destroy <directory>',
  'stop and remove the container, when it is ours; one with volumes is retired unless they are named too',
)
  .option('--yes', 'without asking')
  .option('--delete-volume <name...>', 'destroy this volume with it, as if git said delete')
  .action(
    run(async (directory, options) => {
      const { confirm } = await import('./confirm.ts');
      await confirm(`Destroy the container of ${directory} and its root file system?`, options.yes === true);
      return stretch('destroy', directory, options);
    }),
  );
addTakeOverCommands(program);
addFleetCommands(program);
command(
  program,
  'rebuild <directory>',
  'make its root file system anew beside the one that serves, and replace it when it is proven; volumes stay',
).action(run((directory, options) => stretch('deploy', directory, { ...options, rebuild: true })));
command(program, 'snapshot <directory>', 'keep the present state, until the next time it is asked for').action(
  run((directory, options) => stretch('snapshot', directory, options)),
);

command(program, 'setup', 'print what makes a pool, a small role and a token for it; with --run make them')
  .option('--run', 'make what is missing, and write the settings file')
  .option('--output <file>', 'the settings file (local/config.json)')
  .option('--pool <name>', 'the pool (gitops)')
  .option('--token <id>', 'the token, user@realm!name (gitops@pve!deploy)')
  .option('--fingerprint <sha256>', 'accept this certificate of the server')
  .option('--also-storage <name...>', 'further storages, for volumes and backups')
  .option('--renew-token', 'make a new secret for the token')
  .action(async (raw: Raw) => {
    ending.debug = raw.debug === true;
    const { setup } = await import('./setup.ts');
    ending.exitCode = await setup(common(raw) as SetupOptions);
  });

command(program, 'history <directory>', 'what runs, and the states that can be gone back to').action(
  run(async (directory, options) => (await import('./history.ts')).history(directory, options)),
);
command(program, 'rollback <directory>', 'take the container back to a state that was good')
  .option('--to <commit>', 'the commit to go back to (the one before)')
  .option('--with-data', 'volumes go back too: what was written to them since is lost')
  .action(
    run(async (directory, options) => {
      const { rollBack } = await import('./history.ts');
      return rollBack(directory, options as unknown as RollbackOptions);
    }),
  );
command(program, 'diff <directory> <before> <after>', 'what differs between two commits of a definition').action(
  async (directory: string, before: string, after: string, raw: Raw) => {
    ending.debug = raw.debug === true;
    const { diff } = await import('./history.ts');
    ending.exitCode = await diff(directory, before, after, common(raw));
  },
);

addSubcommands(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) ending.exitCode = error.exitCode === 0 ? 0 : EXIT.user;
  else {
    ending.exitCode = exitCodeOfError(error);
    for (const line of renderError(error, { debug: ending.debug })) console.error(line);
    if (process.argv.includes('--json')) console.log(errorJson(error, ending.exitCode));
  }
}
process.exitCode = ending.exitCode;
