import { parseControlPlane } from '../definition/control-plane.ts';
import { GitopsError } from '../model/errors.ts';
import type { ForgeSite, Monorepo } from '../model/forge-site.ts';
import type { Call, Reporter } from '../model/ports.ts';
import type { Deploy } from './auto-deploy.ts';
import { type Imported, importInto } from './import.ts';
import { CONTROL_PLANE, type Holding, holdings } from './repositories.ts';

export interface BootstrapInput {
  readonly forge: ForgeSite;
  readonly monorepo: Monorepo;
  readonly reporter: Reporter;
  /** Who signs in to the forge, and owns the organisation. */
  readonly login: string;
  /** For tasks of the whole site, as a job's own reaches one repository only: reads and writes repositories. */
  readonly tasksToken: string;
  /** Name → value, for workflows that hand them over themselves. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface Bootstrapped {
  readonly organisation: string;
  readonly repositories: readonly Imported[];
  /** By repository: merging deploys it. */
  readonly deploys: readonly Deploy[];
}

const CALL_MS = 120_000;
/** Tasks and operate.yml of the project's own repository take it, where it is set. */
const SITE_TOKEN = 'GITOPS_TOKEN';
const WORKFLOW = '.gitea/workflows/container.yml';
const TEMPLATE = 'workflows/templates/container.yml';

/**
 * Organisation, repositories, branches, protection, secrets and pull requests of a forge, from the project on this machine.
 * A second run brings the project's changes and takes nothing away.
 */
export async function bootstrap(input: BootstrapInput): Promise<Bootstrapped> {
  const { forge, monorepo, reporter, signal } = input;
  const call: Call = { timeoutMs: CALL_MS, signal };
  const note = (text: string) => reporter.tell({ kind: 'note', text });
  const file = `${CONTROL_PLANE}/control-plane.yml`;
  const { organisation, repositories } = parseControlPlane(file, await monorepo.text(file, call));
  const { commit, dirty } = await monorepo.head(call);
  if (dirty) note(`files differ from commit ${commit.slice(0, 12)}: the forge gets what is committed`);
  if (await forge.ensureOrganisation(organisation, call)) note(`organisation ${organisation} is made`);
  await forge.ensureOwner(organisation, input.login, call);
  for (const [name, value] of Object.entries(input.secrets)) await forge.setSecret(organisation, name, value, call);

  const all = await holdings(monorepo, organisation, repositories, call);
  const history = (await monorepo.hasHistory(call)) ? commit : undefined;
  const done = new Map<Holding, Imported>();
  const context = { ...input, organisation, commit, history, call };
  // The project's own repository links to all others, so it comes last.
  for (const holding of [...all.slice(1), ...all.slice(0, 1)]) {
    await ensureRepository(context, holding);
    const links = holding.kind === 'control' ? linksOf(done) : [];
    if (holding.kind === 'control') await forge.ensureSecret(holding.repository, SITE_TOKEN, input.tasksToken, call);
    const imported = await importInto(await importOf(context, holding, links));
    if (await forge.protect(holding.repository, 'release', call)) note(`${holding.repository}: release is protected`);
    if (imported.moved.length > 0)
      note(`${holding.repository}: ${imported.moved.join(', ')} at ${imported.main.slice(0, 12)}`);
    done.set(holding, imported);
  }
  // Only now: the first pushes start no runs of what is not deployed yet.
  for (const { repository } of all) {
    if ((await forge.repository(repository, call))?.actions === false) await forge.setActions(repository, true, call);
  }
  const results = all.flatMap((holding) => done.get(holding) ?? []);
  const deploys = results.flatMap(({ repository, pulls }) =>
    pulls.filter(({ base }) => base === 'release').map((pull) => ({ repository, pull })),
  );
  return { organisation, repositories: results, deploys };
}

interface Context extends BootstrapInput {
  readonly organisation: string;
  readonly commit: string;
  readonly history: string | undefined;
  readonly call: Call;
}

async function ensureRepository({ forge, call }: Context, { repository, kind, path }: Holding): Promise<void> {
  if ((await forge.repository(repository, call)) !== undefined) return;
  // A job's token cannot clone a private action repository: srv/config is readable for everyone who reaches the forge.
  const what = kind === 'control' ? 'The control plane and its actions' : `Container, from ${path}`;
  await forge.createRepository(repository, { description: what, private: kind !== 'control' }, call);
}

type Link = readonly [path: string, repository: string, commit: string];

function linksOf(done: ReadonlyMap<Holding, Imported>): readonly Link[] {
  return [...done].map(([{ path }, { repository, main }]) => [path, repository, main] as const);
}

async function importOf(context: Context, holding: Holding, links: readonly Link[]) {
  const { forge, monorepo, history, commit, call } = context;
  const { repository, path } = holding;
  const common = { forge, monorepo, repository, call, message: `Import of ${path || 'the project'} at ${commit}\n` };
  if (holding.kind === 'control') {
    const files = { ...(await rewritten(context)), '.gitmodules': submodules(links) };
    const gitlinks = Object.fromEntries(links.map(([at, , link]) => [at, link]));
    const tree = await monorepo.tree({ path: '', files: links.length === 0 ? {} : files, links: gitlinks }, call);
    return { ...common, tree, history };
  }
  if (holding.own) {
    const as = await monorepo.linked(path, call);
    return { ...common, tree: await monorepo.treeOf(as, call), history: undefined, as };
  }
  const workflow = await monorepo.text(TEMPLATE, call);
  if (workflow === undefined) throw new GitopsError('user', `Unable to make ${repository}: ${TEMPLATE} is missing`);
  const has = (await monorepo.text(`${path}/${WORKFLOW}`, call)) !== undefined;
  const files = has ? {} : { [WORKFLOW]: forOrganisation(workflow, context.organisation) };
  return { ...common, tree: await monorepo.tree({ path, files, links: {} }, call), history: undefined };
}

/** Relative, so that they lead to whatever instance the project was cloned from. */
function submodules(links: readonly Link[]): string {
  const entry = ([path, repository]: Link) =>
    `[submodule "${path}"]\n\tpath = ${path}\n\turl = ../${repository.split('/').at(-1)}.git\n\tbranch = main\n`;
  return links.map(entry).join('');
}

/** Workflows name the organisation of their actions; another one than srv is put in its place. */
async function rewritten({ monorepo, organisation, call }: Context): Promise<Readonly<Record<string, string>>> {
  if (organisation === 'srv') return {};
  const files: Record<string, string> = {};
  for (const folder of [
    '.gitea/workflows',
    '.gitea/workflows/tasks',
    'workflows',
    'workflows/templates',
    'workflows/tasks',
  ]) {
    for (const [name, { kind }] of await monorepo.entries(folder, call)) {
      const text =
        kind === 'file' && name.endsWith('.yml') ? await monorepo.text(`${folder}/${name}`, call) : undefined;
      if (text !== undefined) files[`${folder}/${name}`] = forOrganisation(text, organisation);
    }
  }
  return files;
}

function forOrganisation(text: string, organisation: string): string {
  return text.replaceAll(/(\buses:\s*['"]?)srv\/config\//g, `$1${organisation}/config/`);
}
