import { type Command, Option } from 'commander';
import type { AdoptOptions } from './adopt.ts';
import type { AdoptAllOptions } from './adopt-all.ts';
import type { ImportOptions } from './import.ts';
import type { ImportUpstreamOptions } from './import-upstream.ts';
import { command, common, ending, type Raw } from './program.ts';

/** How what exists comes under git: definitions are written, and owner marks set. */
export function addTakeOverCommands(program: Command): void {
  command(
    program,
    'import [directory] [upstream]',
    'write definitions: of a directory with configSettings, of a container that exists (--vmid), or of a Proxmox-GitOps repository (import upstream DIR); changes nothing on the server',
  )
    .option('--vmid <number>', 'the container', Number)
    .option('--print', 'print the definition instead of writing container.yml')
    .option('--force', 'write over a container.yml that is there')
    .option('--to <folder>', 'upstream: the new folder that is written')
    .addOption(organisation('upstream: organisation of the repositories (srv)'))
    .action(async (directory: string | undefined, upstream: string | undefined, raw: Raw) => {
      ending.debug = raw.debug === true;
      const { importAny } = await import('./import.ts');
      const options = common(raw) as unknown as ImportOptions & ImportUpstreamOptions;
      ending.exitCode = await importAny(directory, upstream, options);
    });
  command(
    program,
    'adopt <directory>',
    'take over a container that exists, or all of a folder of definitions: puts the owner mark and our tag on it, changes nothing else',
  )
    .option('--vmid <number>', 'the container', Number)
    .option('--from <owner>', 'the owner it is taken from, when it has one')
    .option('--host-key <fingerprint...>', 'SHA256:… of its SSH host keys')
    .option('--all', 'every definition below the directory; without --yes only what would be done')
    .option('--yes', 'with --all: do it')
    .addOption(organisation('with --all: organisation of the repositories (srv)'))
    .action(async (directory: string, raw: Raw) => {
      ending.debug = raw.debug === true;
      const options = common(raw);
      if (raw.all === true) {
        const { adoptAll } = await import('./adopt-all.ts');
        ending.exitCode = await adoptAll(directory, options as unknown as AdoptAllOptions);
      } else {
        const { adopt } = await import('./adopt.ts');
        ending.exitCode = await adopt(directory, options as unknown as AdoptOptions);
      }
    });
}

function organisation(description: string): Option {
  return new Option('--organisation <name>', description);
}
