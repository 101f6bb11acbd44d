import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GitopsError } from '../../model/errors.ts';
import type { Monorepo, TreeWish } from '../../model/forge-site.ts';
import type { Call } from '../../model/ports.ts';
import type { Mask } from '../process/mask.ts';
import { makePrivateDirectory, removePrivateDirectory } from '../process/private-directory.ts';
import { type ProcessResult, runProcess } from '../process/run-process.ts';
import { authorization } from './authorization.ts';

export interface MonorepoOptions {
  /** Where the project is, or below it. */
  readonly directory: string;
  /** The forge, e.g. http://10.91.178.41:8080/ */
  readonly serverUrl: string;
  readonly token: string;
  readonly mask: Mask;
}

/** The same content is the same commit whoever makes it, but for its time. */
const AUTHOR = { name: 'pve-gitops', email: 'pve-gitops@localhost.invalid' };
const BEGINNING = '2000-01-01T00:00:00Z';
/** What a repository, or whoever used this machine before, could make git run is off; nothing is fetched but from the forge. */
const SAFE = {
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'credential.helper': '',
  'safe.directory': '*',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'push.recurseSubmodules': 'no',
  'fetch.recurseSubmodules': 'false',
};

type Run = (args: readonly string[], call: Call, more?: RunOptions) => Promise<ProcessResult>;
interface RunOptions {
  readonly input?: string;
  readonly index?: string;
  readonly date?: string;
  readonly config?: Readonly<Record<string, string>>;
}

/** Commits are made in a repository of its own, which only borrows the project's objects: the project is never written to. */
export async function openMonorepo(options: MonorepoOptions, call: Call): Promise<Monorepo> {
  const { token, mask } = options;
  mask.mask(token);
  const server = options.serverUrl.replace(/\/*$/, '/');
  const room = await makePrivateDirectory();
  const project = runner(options.directory, mask, {});
  const git = runner(room, mask, { GIT_DIR: join(room, 'git') });
  try {
    const objects = await need(project(['rev-parse', '--path-format=absolute', '--git-path', 'objects'], call), 'read');
    const top = (await need(project(['rev-parse', '--show-toplevel'], call), 'read')).trim();
    await need(git(['init', '--quiet', '--bare', join(room, 'git')], call), 'make');
    await mkdir(join(room, 'git/objects/info'), { recursive: true });
    await borrow(room, [objects.trim(), ...(await submoduleObjects(project, top, call))]);
  } catch (error) {
    await removePrivateDirectory(room);
    throw error;
  }
  const remote = (repository: string) => `${server}${repository}.git`;
  const login = { config: authorization(server, token) };
  const head = async (at: Call) => (await need(project(['rev-parse', '--verify', 'HEAD'], at), 'read HEAD of')).trim();
  const object = async (path: string, at: Call) => `${await head(at)}:${path}`;
  return {
    async head(at) {
      const changes = await need(project(['status', '--porcelain', '--ignore-submodules=none'], at), 'look at');
      return { commit: await head(at), dirty: changes.trim() !== '' };
    },
    async entries(path, at) {
      const found = await git(['ls-tree', '-z', await object(path, at)], at);
      const lines = found.exitCode === 0 ? found.stdout.split('\0').filter((line) => line !== '') : [];
      return new Map(lines.map(entryOf));
    },
    async text(path, at) {
      const found = await git(['cat-file', 'blob', await object(path, at)], at);
      return found.exitCode === 0 ? found.stdout : undefined;
    },
    linked: async (path, at) => (await need(git(['rev-parse', await object(path, at)], at), 'read')).trim(),
    tree: async (wish, at) => makeTree(git, room, await head(at), wish, at),
    treeOf: async (commit, at) => (await need(git(['rev-parse', `${commit}^{tree}`], at), 'read')).trim(),
    async commit(tree, parents, message, at) {
      const args = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent])];
      const more = parents.length === 0 ? { input: message, date: BEGINNING } : { input: message };
      return (await need(git(args, at, more), 'make a commit of')).trim();
    },
    async root(commit, at) {
      const args = ['rev-list', '--first-parent', '--max-parents=0', commit];
      return (await need(git(args, at), 'read')).trim();
    },
    async isAncestor(older, newer, at) {
      return (await git(['merge-base', '--is-ancestor', older, newer], at)).exitCode === 0;
    },
    async hasHistory(at) {
      return (await need(project(['rev-parse', '--is-shallow-repository'], at), 'look at')).trim() === 'false';
    },
    async fetch(repository, at) {
      const what = `+refs/heads/*:refs/forge/${repository}/*`;
      await need(git(['fetch', '--quiet', '--no-tags', '--prune', remote(repository), what], at, login), 'fetch');
    },
    async push(repository, branches, at) {
      const refs = Object.entries(branches).map(([name, commit]) => `${commit}:refs/heads/${name}`);
      if (refs.length === 0) return;
      await need(
        git(['push', '--quiet', '--atomic', remote(repository), ...refs], at, login),
        `push to ${repository} of`,
      );
    },
    close: () => removePrivateDirectory(room),
  };
}

function runner(directory: string, mask: Mask, own: Readonly<Record<string, string>>): Run {
  return (args, call, { input, index, date, config = {} } = {}) => {
    const settings = Object.entries({ ...SAFE, ...config });
    const env: Record<string, string> = {
      ...own,
      GIT_TERMINAL_PROMPT: '0',
      GIT_AUTHOR_NAME: AUTHOR.name,
      GIT_AUTHOR_EMAIL: AUTHOR.email,
      GIT_COMMITTER_NAME: AUTHOR.name,
      GIT_COMMITTER_EMAIL: AUTHOR.email,
      GIT_CONFIG_COUNT: String(settings.length),
      ...(date === undefined ? {} : { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date }),
      ...(index === undefined ? {} : { GIT_INDEX_FILE: index }),
    };
    for (const [number, [key, value]] of settings.entries()) {
      env[`GIT_CONFIG_KEY_${number}`] = key;
      env[`GIT_CONFIG_VALUE_${number}`] = value;
    }
    const text = input === undefined ? {} : { input: new TextEncoder().encode(input) };
    return runProcess({ name: 'git', file: 'git', args, cwd: directory, env, mask, ...text, ...call });
  };
}

async function need(answer: Promise<ProcessResult>, what: string): Promise<string> {
  const { exitCode, stdout, stderr } = await answer;
  if (exitCode === 0) return stdout;
  const said = stderr.trim().split('\n').slice(-3).join(' ');
  throw new GitopsError('user', `Unable to ${what} the project: ${said || `git ended with ${exitCode}`}`, {
    advice: /not a git repository/.test(said)
      ? ['the control plane is made from a git repository: git clone it, or git init and commit']
      : [],
  });
}

async function borrow(room: string, objects: readonly string[]): Promise<void> {
  await writeFile(join(room, 'git/objects/info/alternates'), `${objects.join('\n')}\n`);
}

/** A clone with its submodules has their commits in repositories of their own. */
async function submoduleObjects(project: Run, top: string, call: Call): Promise<string[]> {
  const listed = await project(['ls-tree', '-r', '-z', '--full-tree', 'HEAD'], call);
  const paths = listed.stdout
    .split('\0')
    .flatMap((line) => (line.startsWith('160000 ') ? [line.split('\t')[1] ?? ''] : []));
  const found: string[] = [];
  for (const path of paths) {
    const where = ['-C', join(top, path), 'rev-parse', '--path-format=absolute', '--git-path', 'objects'];
    const answer = await project(where, call);
    if (answer.exitCode === 0) found.push(answer.stdout.trim());
  }
  return found;
}

function entryOf(line: string): [string, { readonly kind: 'folder' | 'file' | 'link' }] {
  const [words = '', name = ''] = line.split('\t');
  const kind = words.startsWith('160000') ? 'link' : words.startsWith('040000') ? 'folder' : 'file';
  return [name, { kind }];
}

/** By an index of its own: what the project has staged stays as it is. */
async function makeTree(git: Run, room: string, head: string, wish: TreeWish, call: Call): Promise<string> {
  const index = join(room, 'index');
  const from = wish.path === undefined ? ['--empty'] : [`${head}:${wish.path}`];
  await need(git(['read-tree', ...from], call, { index }), 'read the tree of');
  const lines: string[] = [];
  for (const [path, text] of Object.entries(wish.files)) {
    const blob = await need(git(['hash-object', '-w', '--stdin'], call, { input: text }), 'write a file of');
    lines.push(`100644 ${blob.trim()}\t${path}`);
  }
  for (const [path, commit] of Object.entries(wish.links)) lines.push(`160000 ${commit}\t${path}`);
  if (lines.length > 0) {
    await need(
      git(['update-index', '--add', '--replace', '--index-info'], call, { index, input: `${lines.join('\n')}\n` }),
      'change the tree of',
    );
  }
  return (await need(git(['write-tree', '--missing-ok'], call, { index }), 'write the tree of')).trim();
}
