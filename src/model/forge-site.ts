import type { PullWish } from './forge.ts';
import type { Call } from './ports.ts';

/** A pull request of a repository, as far as we look at it. */
export interface PullRequest {
  readonly number: number;
  readonly url: string;
  readonly title: string;
  readonly head: string;
  readonly base: string;
  readonly merged: boolean;
}

export interface RepositoryState {
  /** owner/name */
  readonly repository: string;
  readonly private: boolean;
  readonly empty: boolean;
  /** Whether pushes start workflows. */
  readonly actions: boolean;
}

/** What the bootstrap does to a forge over its API. Names are `owner/name`; nothing that is there is taken away. */
export interface ForgeSite {
  version(call: Call): Promise<string>;
  /** true: it was made. */
  ensureOrganisation(name: string, call: Call): Promise<boolean>;
  /** Whoever signs in with this name owns the organisation too. */
  ensureOwner(organisation: string, user: string, call: Call): Promise<void>;
  repository(repository: string, call: Call): Promise<RepositoryState | undefined>;
  /** Empty, with its workflows off. */
  createRepository(
    repository: string,
    what: { readonly description: string; readonly private: boolean },
    call: Call,
  ): Promise<void>;
  setActions(repository: string, on: boolean, call: Call): Promise<void>;
  /** Name → commit. */
  branches(repository: string, call: Call): Promise<ReadonlyMap<string, string>>;
  /** Waits until the forge has taken note of a push: it does so after it has answered. */
  settled(repository: string, branches: Readonly<Record<string, string>>, call: Call): Promise<void>;
  /** Nobody deletes the branch; owners push to it, an older commit too, and merge into it. true: something changed. */
  protect(repository: string, branch: string, call: Call): Promise<boolean>;
  setSecret(organisation: string, name: string, value: string, call: Call): Promise<void>;
  /** Of a repository, where it has none of that name: somebody may have set another one. true: it was set. */
  ensureSecret(repository: string, name: string, value: string, call: Call): Promise<boolean>;
  openPulls(repository: string, call: Call): Promise<readonly PullRequest[]>;
  openPull(repository: string, wish: PullWish, call: Call): Promise<PullRequest>;
  /** Starts the workflow of every container's release that something was merged into; their names. */
  deployAgain(call: Call): Promise<readonly string[]>;
  /** Starts a workflow that can be dispatched; `workflow` is its file's name. */
  dispatch(repository: string, workflow: string, ref: string, call: Call): Promise<void>;
  /** Waits until the forge has looked for conflicts; throws kind user when there are some. */
  merge(repository: string, number: number, call: Call): Promise<void>;
}

/** Content of a commit that is made: a tree that the project has, and what is put over it. */
export interface TreeWish {
  /** Path within the project at its HEAD; '' is all of it, undefined an empty tree. */
  readonly path: string | undefined;
  /** Path → text; over what is there. */
  readonly files: Readonly<Record<string, string>>;
  /** Path → commit of another repository; takes the place of what is there. */
  readonly links: Readonly<Record<string, string>>;
}

/** The project on this machine as the source of a forge's repositories. It is read; commits are made beside it. */
export interface Monorepo {
  /** HEAD, and whether files differ from it. */
  head(call: Call): Promise<{ readonly commit: string; readonly dirty: boolean }>;
  /** Names directly below a path at HEAD; a `link` is another repository's commit. */
  entries(path: string, call: Call): Promise<ReadonlyMap<string, { readonly kind: 'folder' | 'file' | 'link' }>>;
  /** Text of a file at HEAD; undefined: there is none. */
  text(path: string, call: Call): Promise<string | undefined>;
  /** The commit that HEAD names for another repository's place. */
  linked(path: string, call: Call): Promise<string>;
  tree(wish: TreeWish, call: Call): Promise<string>;
  treeOf(commit: string, call: Call): Promise<string>;
  /** Without parents it is always the same commit for the same content. */
  commit(tree: string, parents: readonly string[], message: string, call: Call): Promise<string>;
  /** The commit that everything of this one's own line began with. */
  root(commit: string, call: Call): Promise<string>;
  isAncestor(older: string, newer: string, call: Call): Promise<boolean>;
  /** Whether HEAD's history is whole and can be handed on. */
  hasHistory(call: Call): Promise<boolean>;
  /** Gets all branches of a repository of the forge, so that its commits can be built upon. */
  fetch(repository: string, call: Call): Promise<void>;
  /** Branch → commit; only ever forward. Throws when the forge has something newer. */
  push(repository: string, branches: Readonly<Record<string, string>>, call: Call): Promise<void>;
  close(): Promise<void>;
}
