import type { Command } from 'commander';
import type { FleetCommand } from './fleet.ts';
import { command, common, ending, type Raw } from './program.ts';

/** What is done for all containers of a site. */
export function addFleetCommands(program: Command): void {
  const work = async (task: string, directories: readonly string[], raw: Raw): Promise<void> => {
    ending.debug = raw.debug === true;
    const { runTask } = await import('./fleet.ts');
    ending.exitCode = await runTask(task, directories, common(raw) as FleetCommand);
  };
  const task = (words: string, description: string): Command =>
    command(program, words, description).option('--only <name...>', 'these containers');
  task(
    'drift [directories...]',
    'what was changed by hand since the deploys; changes nothing, ends with 2 then',
  ).action((directories: readonly string[], raw: Raw) => work('drift', directories, raw));
  task('update [directories...]', 'upgrade the packages of all containers; what does not come up again is taken back')
    .option('--without-way-back', 'also those that could not be taken back')
    .action((directories: readonly string[], raw: Raw) => work('update', directories, raw));
  task('backup', 'back up all containers')
    .option('--storage <name>', 'where to (the one with the most room)')
    .option('--keep <count>', 'backups of ours that stay per container (3)')
    .action((raw: Raw) => work('backup', [], raw));
}
