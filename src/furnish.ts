import type { ActionContext } from './action.ts';
import { connectForgeSite, type Mask, stageFiles } from './connect.ts';
import { cloneSite, ownAddresses } from './connect-action.ts';
import { type Deploy, mergeAll } from './controlplane/auto-deploy.ts';
import { bootstrap } from './controlplane/bootstrap.ts';
import { goesElsewhere, type SiteOfHere, siteOfHere } from './controlplane/elsewhere.ts';
import { addressesNow, fixedAddresses } from './controlplane/place.ts';
import { type Reached, reach } from './controlplane/reach.ts';
import { stagedSource } from './controlplane/staged-source.ts';
import { GitopsError } from './model/errors.ts';
import type { Outcome } from './model/outcome.ts';
import type { Ports, Reporter } from './model/ports.ts';
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
  const site = desired.stage === 'main' ? await siteOfHere(ports.source, directory) : undefined;
  if (site === undefined) return configure(ports, options);
  const fixed = fixedAddresses(desired);
  const addresses = fixed.length > 0 ? fixed : await addressesNow(ports, options, { wait: true });
  if (!goesElsewhere(addresses, here)) return configure(ports, options);
  if (fixed.length === 0) {
    const [address = ''] = addresses;
    const text = `${desired.name} has ${address} by DHCP: its forge and its runs go by it, so let the router keep it`;
    ports.reporter.tell({ kind: 'note', text });
  }
  const { config, ca, keys, programs } = site;
  const files = { definition: directory, config, keys, programs, environment: {}, ...(ca === undefined ? {} : { ca }) };
  const staged = stageFiles(files);
  try {
    const source = stagedSource(ports.source, staged.directory, directory);
    const outcome = await configure({ ...ports, source }, { ...options, directory: staged.directory });
    if (outcome.kind === 'done') await found(context, options, site);
    return outcome;
  } finally {
    staged.remove();
  }
}

async function found(
  { ports, mask, inputs, environment }: ActionContext,
  { settings, desired, signal }: Options,
  { secrets, autoDeploy }: Pick<SiteOfHere, 'secrets' | 'autoDeploy'>,
): Promise<void> {
  const { reporter } = ports;
  const { owner: repository, commit, name } = desired;
  if (commit === undefined) throw new GitopsError('bug', `the control plane ${name} has no commit`);
  const serverUrl = environment.GITHUB_SERVER_URL ?? '';
  reporter.tell({ kind: 'stage', title: `forge of ${name}` });
  const reached = await reach(ports, { settings, desired, signal }, { timeoutMs: CALL_MS, signal });
  try {
    const from = { serverUrl, repository, commit, token: inputs.token ?? '' };
    await foundForge(reached, from, { reporter, mask, secrets, autoDeploy, signal });
  } finally {
    await reached.close();
  }
}

/** A repository of the forge that this run belongs to: the project, with all that it links to. */
interface From {
  readonly serverUrl: string;
  readonly repository: string;
  readonly commit: string;
  readonly token: string;
}

interface Founding {
  readonly reporter: Reporter;
  readonly mask: Mask;
  /** Of the organisation. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Whether what deploys is merged there too. */
  readonly autoDeploy: boolean;
  readonly signal: AbortSignal;
}

/** Organisation, repositories and pull requests of the forge that was just deployed, from those of the forge that this run belongs to. */
export async function foundForge(
  { url, token, tasksToken, login }: Pick<Reached, 'url' | 'token' | 'tasksToken' | 'login'>,
  from: From,
  { reporter, mask, secrets, autoDeploy, signal }: Founding,
): Promise<readonly Deploy[]> {
  const call = { timeoutMs: CALL_MS, signal };
  const project = await cloneSite({ ...from, mask, signal });
  try {
    const { forge, monorepo } = await connectForgeSite({ url, token, directory: project.directory, mask }, call);
    try {
      const { deploys } = await bootstrap({ forge, monorepo, reporter, login, tasksToken, secrets, signal });
      reporter.tell({ kind: 'note', text: `Gitea: ${url}  sign in as ${login}` });
      if (autoDeploy) {
        const { error } = await mergeAll({ forge, reporter, url }, deploys, call);
        if (error !== undefined) throw error;
      } else {
        for (const { repository, pull } of deploys) {
          const text = `${repository}: merge to deploy  ${url}${repository}/pulls/${pull.number}`;
          reporter.tell({ kind: 'note', text });
        }
      }
      return deploys;
    } finally {
      await monorepo.close();
    }
  } finally {
    await project.close();
  }
}
