import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GitopsError } from '../../model/errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface StagedFiles {
  /** Of libs/config in the project. */
  readonly definition: string;
  /** Settings file of the runner's host. */
  readonly config: string;
  /** CA certificate of Proxmox VE, PEM. */
  readonly ca?: string;
  /** Directory of the site's keys on this machine. */
  readonly keys: string;
  /** Where browsers find Gitea, when not at the container's own address. */
  readonly rootUrl?: string;
  /** Whether a control plane that it deploys to another place merges all that deploys there. */
  readonly autoDeploy?: boolean;
  readonly environment: Environment;
  /** Name → folder, where the environment names none: they are used where they run. */
  readonly programs?: Readonly<Record<string, string>>;
}

/**
 * The definition with what git does not hold laid beside it: programs of this machine (GITEA_BINARY, RUNNER_BINARY), the
 * site's settings and keys. Private, and gone after `remove`.
 */
export function stageFiles(files: StagedFiles): { readonly directory: string; remove(): void } {
  const { environment } = files;
  const room = mkdtempSync(join(tmpdir(), 'pve-gitops-control-'));
  const remove = (): void => rmSync(room, { recursive: true, force: true });
  try {
    const directory = join(room, 'config');
    cpSync(files.definition, directory, { recursive: true });
    const site = join(directory, 'site');
    mkdirSync(join(site, 'ca'), { recursive: true, mode: 0o700 });
    writeFileSync(join(site, 'config.json'), files.config, { mode: 0o600 });
    if (files.ca !== undefined) writeFileSync(join(site, 'ca.pem'), files.ca);
    if (files.rootUrl !== undefined) writeFileSync(join(site, 'root-url'), `${files.rootUrl}\n`);
    if (files.autoDeploy === true) writeFileSync(join(site, 'auto-deploy'), 'yes\n');
    for (const name of existsSync(files.keys) ? readdirSync(files.keys) : []) {
      if (!name.startsWith('.')) copyFileSync(join(files.keys, name), join(site, 'ca', name));
    }
    program(directory, 'gitea', 'GITEA_BINARY', environment);
    program(directory, 'runner', 'RUNNER_BINARY', environment);
    const { GITEA_STATIC_ROOT: root = '' } = environment;
    for (const [name, folder] of Object.entries(files.programs ?? {})) {
      const target = join(directory, 'programs', name);
      if (!existsSync(target)) cpSync(folder, target, { recursive: true });
    }
    if (root !== '') cpSync(root, join(directory, 'programs/gitea/static'), { recursive: true });
    return { directory, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function program(directory: string, name: string, variable: string, environment: Environment): void {
  const { [variable]: path = '' } = environment;
  if (path === '') return;
  if (!existsSync(path)) throw new GitopsError('user', `Unable to use ${variable} ${path}: there is no such file`);
  const folder = join(directory, 'programs', name);
  mkdirSync(folder, { recursive: true });
  copyFileSync(path, join(folder, name));
  chmodSync(join(folder, name), 0o755);
}
