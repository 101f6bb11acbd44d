import { isAbsolute, join } from 'node:path';
import type { Mask } from './connect.ts';
import { checkOut } from './connect-action.ts';
import { GitopsError } from './model/errors.ts';
import type { Mark } from './model/mark.ts';
import type { Source } from './model/ports.ts';

const CONTROL_PLANE = 'libs/config';

export interface CheckOutContext {
  readonly inputs: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly mask: Mask;
  readonly signal: AbortSignal;
  readonly event: { readonly name: string; readonly fork: boolean };
}

export interface CheckedOut {
  /** owner/name */
  readonly repository: string;
  /** Without refs/heads/. */
  readonly branch: string;
  readonly commit: string;
  readonly directory: string;
}

/**
 * The container repository at the event's commit, never at the head of its branch: a push that came meanwhile has a
 * run of its own. Another repository than the event's is taken at the head of the given ref. What a fork proposes is not
 * taken at all.
 */
export async function checkOutOf({ inputs, environment, mask, signal, event }: CheckOutContext): Promise<CheckedOut> {
  const need = (name: string): string => {
    const value = environment[name];
    if (value !== undefined && value !== '') return value;
    throw new GitopsError('user', `Unable to check out: the runner has not set ${name}`, {
      advice: [
        'container-init runs as a step of a workflow; without a forge use the command line: pve-gitops deploy DIR',
      ],
    });
  };
  if (event.fork) {
    throw new GitopsError('user', 'Unable to check out: pull requests from forks are not run', {
      advice: ['push the branch to the repository itself once you have read it'],
    });
  }
  const repository = inputs.repo === undefined || inputs.repo === '' ? need('GITHUB_REPOSITORY') : inputs.repo;
  const ref = refOf(inputs) ?? need('GITHUB_REF_NAME');
  const own =
    repository === environment.GITHUB_REPOSITORY && [environment.GITHUB_REF_NAME, environment.GITHUB_REF].includes(ref);
  const path = inputs.path ?? '';
  if (isAbsolute(path) || path.split('/').includes('..')) {
    throw new GitopsError('user', `Unable to check out: path ${JSON.stringify(path)} leaves the repository`);
  }
  const directory = join(need('GITHUB_WORKSPACE'), 'pve-gitops', repository.replace('/', '-'));
  const token = inputs.token ?? '';
  const { commit } = await checkOut({
    serverUrl: need('GITHUB_SERVER_URL'),
    repository,
    ref,
    ...(own ? { sha: need('GITHUB_SHA') } : {}),
    ...(token === '' ? {} : { token }),
    directory,
    mask,
    signal,
  });
  return { repository, branch: ref.replace(/^refs\/heads\//, ''), commit, directory };
}

/** `branch` is what workflows of Proxmox-GitOps call it; `ref` has a default, so that the other one counts over it. */
export function refOf(inputs: Readonly<Record<string, string>>): string | undefined {
  return [inputs.branch, inputs.ref].find((value) => value !== undefined && value !== '');
}

/** Definitions of containers as their repositories on the forge have them at the deployed commit; each is checked out once it is asked for. */
export function definitionsOfForge({
  inputs,
  environment,
  mask,
  signal,
  ports,
}: Omit<CheckOutContext, 'event'> & { readonly ports: { readonly source: Source } }): (
  mark: Mark,
) => Promise<{ readonly directory: string; close(): Promise<void> }> {
  const { GITHUB_SERVER_URL: serverUrl = '', GITHUB_WORKSPACE: workspace = '' } = environment;
  return async ({ owner, commit }) => {
    const directory = join(workspace, 'pve-gitops', owner.replace('/', '-'));
    const token = inputs.token ?? '';
    const at = commit === undefined ? {} : { sha: commit };
    const login = token === '' ? {} : { token };
    await checkOut({ serverUrl, repository: owner, ref: 'main', ...at, ...login, directory, mask, signal });
    // The job's workspace goes with the job.
    return { directory: await definitionWithin(ports.source, directory, ''), close: async () => undefined };
  };
}

/** Where the definition is in a checkout: the project's own repository has that of the control plane further down. */
export async function definitionWithin(source: Source, checkout: string, path: string): Promise<string> {
  const below = join(checkout, CONTROL_PLANE);
  if (path !== '' || (await source.list(below))?.includes('control-plane.yml') !== true) return join(checkout, path);
  const names = (await source.list(checkout)) ?? [];
  return names.some((name) => /^(config\.env|container\.(env|yml))$/.test(name)) ? checkout : below;
}
