import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { connectForgeSite, connectMask, stageFiles } from '../../src/connect.ts';
import { autoDeployOf, type Deploy, mergeAll, mergedHere } from '../../src/controlplane/auto-deploy.ts';
import { type Bootstrapped, bootstrap } from '../../src/controlplane/bootstrap.ts';
import { type Reached, reach } from '../../src/controlplane/reach.ts';
import { CONTROL_PLANE } from '../../src/controlplane/repositories.ts';
import { PORT, siteFiles } from '../../src/controlplane/site-config.ts';
import { stagedSource } from '../../src/controlplane/staged-source.ts';
import { deploy } from '../../src/deploy.ts';
import { GitopsError } from '../../src/model/errors.ts';
import { exitCodeOf } from '../../src/report/exit-code.ts';
import { collect, namesHost } from '../../src/settings/sources.ts';
import { settingRows } from '../../src/settings/table.ts';
import { type CommonOptions, type Context, defineDirectory, sourcesOf, withContext } from './context.ts';
import { show } from './deploy.ts';
import { forwardPort } from './forward.ts';

export interface UpOptions extends CommonOptions {
  /** Of this machine. */
  readonly port?: number;
  /** Where the project is. */
  readonly project?: string;
}

const CALL_MS = 120_000;

/** Runs of the forge have this stage on `release`: the control plane is one of theirs. */
const STAGE = 'main';

/** The control plane on the local node: its container, the forge's contents, and where people find it. */
export function controlPlaneUp(given: UpOptions): Promise<number> {
  return withControlPlane(given, async (up) => {
    const { context, deployed, rootUrl, secrets, project, options, autoDeploy, elsewhere } = up;
    const { ports, signal } = context;
    const { url, token, tasksToken, login } = deployed;
    const where = { url, token, directory: project, mask: connectMask() };
    const call = { timeoutMs: CALL_MS, signal };
    const { forge, monorepo } = await connectForgeSite(where, call);
    try {
      const made = await bootstrap({ forge, monorepo, reporter: ports.reporter, login, tasksToken, secrets, signal });
      const wanted = autoDeploy ? mergedHere(made.deploys, elsewhere) : [];
      const { merged, error } = await mergeAll({ forge, reporter: ports.reporter, url: rootUrl }, wanted, call);
      const there = autoDeploy && elsewhere;
      // Deployed already: its run merges on the other forge what waits there.
      if (there && wanted.length === 0) {
        await forge.dispatch(`${made.organisation}/config`, 'pipeline.yml', 'release', call);
      }
      report(context, made, { rootUrl, login, options, merged, there });
      if (error !== undefined) throw error;
      return 0;
    } finally {
      await monorepo.close();
    }
  });
}

export interface Deployed {
  readonly context: Context;
  readonly options: UpOptions;
  readonly deployed: Reached;
  readonly rootUrl: string;
  readonly project: string;
  readonly secrets: Readonly<Record<string, string>>;
  /** AUTO_DEPLOY. */
  readonly autoDeploy: boolean;
  /** Merges deploy to another node than the local one, the control plane too. */
  readonly elsewhere: boolean;
  /** Once more, after its data has been changed under it; the container as it is then. */
  again(): Promise<Reached>;
}

/** Deploys the container to the local node, forwards the port to it, and opens it for the work. */
export function withControlPlane(given: UpOptions, work: (deployed: Deployed) => Promise<number>): Promise<number> {
  const options: UpOptions = { ...given, local: true, stage: STAGE };
  const project = resolve(given.project ?? '.');
  const definition = join(project, CONTROL_PLANE);
  const port = given.port ?? PORT;
  const rootUrl = `http://localhost:${port}/`;
  const autoDeploy = autoDeployOf(process.env.AUTO_DEPLOY);
  return withContext(options, async (context) => {
    const { ports, settings, signal, terminal, local } = context;
    if (local === undefined) throw new GitopsError('bug', 'the local node is not in use');
    // Makes the keys where there are none: containers and control plane have to have the same.
    await ports.keys.authority();
    await ports.keys.seal([]);
    const { config, ca, secrets, elsewhere } = siteOf(context, given);
    const keys = join(settings.stateDirectory, 'ca');
    const staged = stageFiles({ definition, config, ...ca, keys, rootUrl, autoDeploy, environment: process.env });
    const { directory } = staged;
    const from = { ...ports, source: stagedSource(ports.source, directory, definition) };
    const call = { timeoutMs: CALL_MS, signal };
    try {
      const { desired } = await defineDirectory(context, definition, options);
      terminal.progress.tell({ kind: 'stage', title: `control plane ${desired.name}` });
      const outcome = await deploy(from, { settings, signal, desired, directory });
      if (outcome.kind !== 'done') {
        show(outcome, context, options);
        return exitCodeOf(outcome);
      }
      const opened = await reach(ports, { settings, desired, signal }, call);
      const all = [opened];
      const again = async (): Promise<Reached> => {
        const second = await deploy(from, { settings, signal, desired, directory, force: true });
        if (second.kind !== 'done') {
          show(second, context, options);
          throw new GitopsError('remote', 'Unable to configure the control plane with what was restored');
        }
        const found = await reach(ports, { settings, desired, signal }, call);
        all.push(found);
        return found;
      };
      try {
        await forwardPort(local.file, { port, address: opened.address, to: PORT });
        return await work({
          context,
          options,
          deployed: opened,
          rootUrl,
          project,
          secrets,
          autoDeploy,
          elsewhere,
          again,
        });
      } finally {
        await Promise.all(all.map((reached) => reached.close()));
      }
    } finally {
      staged.remove();
    }
  });
}

/** Where the forge's runs deploy to: the Proxmox VE that is configured, else the local node as its containers reach it. */
function siteOf({ settings, local }: Context, given: CommonOptions) {
  const sources = sourcesOf(given.settings);
  const elsewhere = namesHost(sources);
  const layer = local === undefined ? {} : { local: { origin: 'local node', values: local.settings } };
  const { given: found } = collect(elsewhere ? sources : { ...sources, ...layer });
  const values = new Map([...found].map(([name, { text }]) => [settingRows[name].key, text]));
  const { gateway } = local?.file ?? {};
  const { trust } = settings.connection;
  const caFile = elsewhere ? found.get('caFile')?.text : undefined;
  const pem = elsewhere
    ? caFile === undefined
      ? undefined
      : readFileSync(caFile, 'utf8')
    : trust.kind === 'ca'
      ? trust.pem
      : undefined;
  const host = elsewhere || gateway === undefined ? {} : { host: gateway };
  return {
    ...siteFiles(values, { ...host, withCa: pem !== undefined }),
    ca: pem === undefined ? {} : { ca: pem },
    elsewhere,
  };
}

interface Said {
  readonly rootUrl: string;
  readonly login: string;
  readonly options: UpOptions;
  readonly merged: readonly Deploy[];
  /** The forge that this control plane deploys merges what deploys. */
  readonly there: boolean;
}

function report({ terminal }: Context, made: Bootstrapped, said: Said): void {
  const { rootUrl, login, options, merged, there } = said;
  const deploys = made.deploys.map((deploy) => ({
    repository: deploy.repository,
    url: `${rootUrl}${deploy.repository}/pulls/${deploy.pull.number}`,
    merged: merged.includes(deploy),
  }));
  terminal.progress.close();
  if (options.json === true) {
    terminal.json(JSON.stringify({ version: 1, url: rootUrl, login, organisation: made.organisation, deploys }));
    return;
  }
  const lines = deploys.map((deploy) => {
    if (deploy.merged)
      return `${deploy.repository}: merged, its run deploys it  ${rootUrl}${deploy.repository}/actions`;
    if (there) return `${deploy.repository}: merged there, once ${made.organisation}/config is deployed`;
    return `${deploy.repository}: merge to deploy  ${deploy.url}`;
  });
  terminal.print(['', `Gitea: ${rootUrl}  sign in as ${login}`, ...lines.map((line) => `  ${line}`)]);
}
