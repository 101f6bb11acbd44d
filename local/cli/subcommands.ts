import type { Command } from 'commander';
import type { UpOptions } from './controlplane.ts';
import type { ImageBuildOptions, ImagePruneOptions } from './image.ts';
import { command, common, ending, type Raw } from './program.ts';
import type { SecretOptions } from './secret.ts';

/** Commands that have commands of their own. */
export function addSubcommands(program: Command): void {
  addSecret(program);
  addImage(program);
  addControlPlane(program);
  addNode(program);
}

function addSecret(program: Command): void {
  const loaded = () => import('./secret.ts');
  const secret = program.command('secret').description('secrets of a definition, encrypted in its secrets.env');
  const runSecret =
    (work: (options: SecretOptions) => Promise<number>) =>
    async (raw: Raw): Promise<void> => {
      ending.debug = raw.debug === true;
      ending.exitCode = await work(common(raw) as SecretOptions);
    };
  const secretCommand = (name: string, description: string) =>
    command(secret, name, description).option('--dir <directory>', 'the definition (the working directory)');
  secretCommand('set <name>', 'encrypt a value; it comes from a prompt, or from standard input')
    .option('--key <age1…>', 'for this public key (the one that the file names, else this site’s)')
    .action((name: string, raw: Raw) => runSecret(async (options) => (await loaded()).secretSet(name, options))(raw));
  secretCommand('remove <name>', 'take a secret out of the file').action((name: string, raw: Raw) =>
    runSecret(async (options) => (await loaded()).secretRemove(name, options))(raw),
  );
  secretCommand('list', 'names, and whether this machine can read their values').action(
    runSecret(async (options) => (await loaded()).secretList(options)),
  );
  secretCommand('rotate [directories...]', 'a new key for the site; encrypts the secrets of the directories for it')
    .option('--done', 'all repositories have been done: the older keys are thrown away')
    .action((directories: readonly string[], raw: Raw) =>
      runSecret(async (options) => (await loaded()).secretRotate(directories, options))(raw),
    );
  secretCommand('key', 'print the public key that secrets of this site are encrypted for').action(
    runSecret(async (options) => (await loaded()).secretKey(options)),
  );
}

function addImage(program: Command): void {
  const image = program.command('image').description('base images: what new containers are cloned from');
  const loaded = () => import('./image.ts');
  command(image, 'build [directory]', 'build the image of a definition, or all, where the one that is there is old')
    .option('--force', 'also where it is new')
    .action(async (directory: string | undefined, raw: Raw) => {
      ending.debug = raw.debug === true;
      ending.exitCode = await (await loaded()).imageBuild(directory, common(raw) as ImageBuildOptions);
    });
  command(image, 'list', 'images of this site, and what needs them').action(async (raw: Raw) => {
    ending.debug = raw.debug === true;
    ending.exitCode = await (await loaded()).imageList(common(raw));
  });
  command(image, 'prune', 'remove images that nobody needs any more')
    .option('--older-than <days>', 'keep those that are younger', Number, 7)
    .option('--dry-run', 'only say which')
    .action(async (raw: Raw) => {
      ending.debug = raw.debug === true;
      ending.exitCode = await (await loaded()).imagePrune(common(raw) as ImagePruneOptions);
    });
}

function addControlPlane(program: Command): void {
  const controlPlane = program.command('controlplane').description('Gitea and its runner, which deploy themselves');
  command(controlPlane, 'up', 'the control plane on the local node, with everything in it; again: brings it up to date')
    .option('--port <number>', 'port of this machine that leads to it', Number, 8080)
    .option('--project <directory>', 'the git repository that it is made from', '.')
    .action(async (raw: Raw) => {
      ending.debug = raw.debug === true;
      const { controlPlaneUp } = await import('./controlplane.ts');
      ending.exitCode = await controlPlaneUp(common(raw) as UpOptions);
    });
  command(controlPlane, 'backup <file>', 'all that it holds, keys and secrets too, into a file that only you can read')
    .option('--project <directory>', 'the git repository that it is made from', '.')
    .action(async (file: string, raw: Raw) => {
      ending.debug = raw.debug === true;
      const { controlPlaneBackup } = await import('./controlplane-backup.ts');
      ending.exitCode = await controlPlaneBackup(file, common(raw));
    });
  command(
    controlPlane,
    'restore <file>',
    'an empty local node becomes the site of a backup; what was deployed is deployed again',
  )
    .option('--port <number>', 'port of this machine that leads to it', Number, 8080)
    .option('--project <directory>', 'the git repository that it is made from', '.')
    .action(async (file: string, raw: Raw) => {
      ending.debug = raw.debug === true;
      const { controlPlaneRestore } = await import('./controlplane-backup.ts');
      ending.exitCode = await controlPlaneRestore(file, common(raw) as UpOptions);
    });
}

function addNode(program: Command): void {
  const loaded = () => import('./node.ts');
  const node = program
    .command('node')
    .description('the local node: a Proxmox VE API with real containers on this machine');
  const nodeCommand = (name: string, description: string) =>
    node.command(name).description(description).option('--json', 'JSON on standard output');
  const runNode =
    (work: (options: Raw) => Promise<number>) =>
    async (raw: Raw): Promise<void> => {
      ending.exitCode = await work(raw);
    };
  nodeCommand('start', 'start it, or find the one that runs')
    .option('--simulated', 'without containers: needs neither root nor LXC')
    .option('--unless-configured', 'do nothing when a Proxmox VE is configured')
    .option('--install', 'install missing Debian packages first (says which)')
    .option('--check', 'only say what is missing')
    .option('--port <number>', 'first port to try', Number, 8006)
    .option('--pve <version>', 'version to answer as', '8.4')
    .action(runNode(async (options) => (await loaded()).nodeStart(options)));
  nodeCommand('stop', 'stop the API; containers go on running').action(
    runNode(async (options) => (await loaded()).nodeStop(options)),
  );
  nodeCommand('status', 'what it is and where').action(
    runNode(async (options) => (await loaded()).nodeStatus(options)),
  );
  nodeCommand('reset', 'stop and remove all its containers and its state')
    .option('--host', 'said for clarity: every change that it made to this machine is taken back in any case')
    .option('--yes', 'without asking')
    .action(
      runNode(async (options) => {
        const { confirm } = await import('./confirm.ts');
        await confirm('Remove the local node with all its containers?', options.yes === true);
        return (await loaded()).nodeReset(options);
      }),
    );
}
