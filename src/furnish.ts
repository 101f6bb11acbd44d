import type { ActionContext } from './action.ts';
import { connectForgeSite, stageFiles } from './connect.ts';
import { cloneSite, ownAddresses } from './connect-action.ts';
import { bootstrap } from './controlplane/bootstrap.ts';
import { goesElsewhere, siteOfHere } from './controlplane/elsewhere.ts';
import { reach } from './controlplane/reach.ts';
import { stagedSource } from './controlplane/staged-source.ts';
import { GitopsError } from './model/errors.ts';
import type { Outcome } from './model/outcome.ts';
import type { Ports } from './model/ports.ts';
import type { RunOptions } from './run.ts';

type Options = Omit<RunOptions, 'scope'>;

const CALL_MS = 120_000;

/**
 * A control plane that is deployed to another place than this one, such as from the local node to Proxmox VE, gets what this one has:
 * its settings, keys and programs go with its definition, and its forge is made as this one was, so that everything else can
 * be deployed from there. Whatever else is configured is none of this.
 */
export async function furnished(
  context: ActionContext,
  options: Options,
  configure: (ports: Ports, options: Options) => Promise<Outcome>,
): Promise<Outcome> {
  const { ports, environment } = context;
  const { directory = '', desired } = options;
  const forge = environment.GITHUB_SERVER_URL ?? '';
  const here = [...ownAddresses(), ...(forge === '' ? [] : [new URL(forge).hostname])];
  const site = goesElsewhere(desired, here) ? await siteOfHere(ports.source, directory) : undefined;
  if (site === undefined) return configure(ports, options);
  const { config, ca, keys, programs, secrets } = site;
  const files = { definition: directory, config, keys, programs, environment: {}, ...(ca === undefined ? {} : { ca }) };
  const staged = stageFiles(files);
  try {
    const source = stagedSource(ports.source, staged.directory, directory);
    const outcome = await configure({ ...ports, source }, { ...options, directory: staged.directory });
    if (outcome.kind === 'done') await found(context, options, secrets);
    return outcome;
  } finally {
    staged.remove();
  }
}

/** Organisation, repositories and pull requests of the forge that was just deployed, from those of the forge that this run belongs to. */
async function found(
  { ports, mask, inputs, environment }: ActionContext,
  { settings, desired, signal }: Options,
  secrets: Readonly<Record<string, string>>,
): Promise<void> {
  const { reporter } = ports;
  const call = { timeoutMs: CALL_MS, signal };
  const { owner: repository, commit, name } = desired;
  if (commit === undefined) throw new GitopsError('bug', `the control plane ${name} has no commit`);
  const serverUrl = environment.GITHUB_SERVER_URL ?? '';
  reporter.tell({ kind: 'stage', title: `forge of ${name}` });
  const reached = await reach(ports, { settings, desired, signal }, call);
  try {
    const { url, token, tasksToken, login } = reached;
    const project = await cloneSite({ serverUrl, repository, commit, token: inputs.token ?? '', mask, signal });
    try {
      const { forge, monorepo } = await connectForgeSite({ url, token, directory: project.directory, mask }, call);
      try {
        const made = await bootstrap({ forge, monorepo, reporter, login, tasksToken, secrets, signal });
        reporter.tell({ kind: 'note', text: `Gitea: ${url}  sign in as ${login}` });
        for (const { repository: owner, pull } of made.deploys) {
          reporter.tell({ kind: 'note', text: `${owner}: merge to deploy  ${url}${owner}/pulls/${pull.number}` });
        }
      } finally {
        await monorepo.close();
      }
    } finally {
      await project.close();
    }
  } finally {
    await reached.close();
  }
}
