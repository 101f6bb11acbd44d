import type { ForgeSite, Monorepo, PullRequest } from '../model/forge-site.ts';
import type { Call } from '../model/ports.ts';

/** The branches that mean something (docs/gitea.md), and the one that holds what came from the project last. */
export const BRANCHES = ['release', 'main', 'develop', 'snapshot', 'rollback'] as const;
export const UPSTREAM = 'upstream';

/** What a repository's branches are to become. */
export interface Heads {
  readonly branches: ReadonlyMap<string, string>;
  /** What is imported now: builds upon `upstream` where there is one. */
  readonly imported: string;
  /** The commit before everything, which `release` begins with: all of it is in the first pull request. */
  readonly first: string;
  /** Whether nobody has committed to main what the import does not have. */
  readonly mainFollows: boolean;
}

export interface Pushes {
  /** Branch → commit, only ever forward. */
  readonly push: Readonly<Record<string, string>>;
  /** main has commits of its own: the import comes as a pull request. */
  readonly ask: boolean;
  readonly main: string;
}

/** Nothing that somebody committed is ever lost: a branch moves forward or stays. Pure. */
export function pushesFor({ branches, imported, first, mainFollows }: Heads): Pushes {
  const main = branches.get('main');
  const ask = main !== undefined && !mainFollows;
  const next = main === undefined || mainFollows ? imported : main;
  const wanted: Readonly<Record<string, string>> = {
    [UPSTREAM]: imported,
    main: next,
    release: branches.get('release') ?? first,
    develop: branches.get('develop') ?? next,
    snapshot: branches.get('snapshot') ?? first,
    rollback: branches.get('rollback') ?? next,
  };
  const push = Object.fromEntries(Object.entries(wanted).filter(([name, commit]) => branches.get(name) !== commit));
  return { push, ask, main: next };
}

export interface ImportInput {
  readonly forge: ForgeSite;
  readonly monorepo: Monorepo;
  readonly repository: string;
  /** Tree of the project's own, ready for the forge. */
  readonly tree: string;
  /** The project's history, where it may come along. */
  readonly history: string | undefined;
  /** A commit that is taken as it is, with all that came before it. */
  readonly as?: string;
  readonly message: string;
  readonly call: Call;
}

export interface Imported {
  readonly repository: string;
  readonly main: string;
  /** Branches that moved. */
  readonly moved: readonly string[];
  /** What asks for a deploy, or to take over the project's changes. */
  readonly pulls: readonly PullRequest[];
}

/** Brings a repository's branches up to the project, and asks by pull requests for what is people's to decide. */
export async function importInto(input: ImportInput): Promise<Imported> {
  const { forge, monorepo, repository, call } = input;
  // Gitea answers questions about branches of an empty repository with an error.
  const empty = (await forge.repository(repository, call))?.empty !== false;
  const branches = empty ? new Map<string, string>() : await forge.branches(repository, call);
  if (branches.size > 0) await monorepo.fetch(repository, call);
  const before = branches.get(UPSTREAM);
  const nothing = await monorepo.tree({ path: undefined, files: {}, links: {} }, call);
  const made = await monorepo.commit(nothing, [], `Nothing is deployed from ${repository} yet\n`, call);
  const imported = await importedCommit(input, before, made);
  const first = await monorepo.root(imported, call);
  const main = branches.get('main');
  const mainFollows = main === undefined || (await monorepo.isAncestor(main, imported, call));
  const pushes = pushesFor({ branches, imported, first, mainFollows });
  await monorepo.push(repository, pushes.push, call);
  await forge.settled(repository, pushes.push, call);
  const pulls: PullRequest[] = [];
  const open = await forge.openPulls(repository, call);
  const ask = async (head: string, base: string, title: string, body: string): Promise<void> => {
    const found = open.find((pull) => pull.head === head && pull.base === base);
    pulls.push(found ?? (await forge.openPull(repository, { head, base, title, body }, call)));
  };
  const release = pushes.push.release ?? branches.get('release') ?? first;
  if (!(await monorepo.isAncestor(pushes.main, release, call))) {
    await ask('main', 'release', `Deploy ${repository}`, `Merging this deploys what \`main\` holds.`);
  }
  if (pushes.ask && !(await monorepo.isAncestor(imported, pushes.main, call))) {
    const body = 'The project has moved on, and so has `main`: merging this brings both together.';
    await ask(UPSTREAM, 'main', `Take over the changes of the project into ${repository}`, body);
  }
  return { repository, main: pushes.main, moved: Object.keys(pushes.push), pulls };
}

/** The commit of before when nothing changed: a second run moves nothing. */
async function importedCommit(input: ImportInput, before: string | undefined, first: string): Promise<string> {
  const { monorepo, tree, history, message, call } = input;
  if (input.as !== undefined) return input.as;
  if (before === undefined) {
    return monorepo.commit(tree, [first, ...(history === undefined ? [] : [history])], message, call);
  }
  const known = history === undefined || (await monorepo.isAncestor(history, before, call));
  if (known && (await monorepo.treeOf(before, call)) === tree) return before;
  return monorepo.commit(tree, [before, ...(known ? [] : [history])], message, call);
}
