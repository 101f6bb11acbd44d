import { join, relative, resolve } from 'node:path';
import { adopt as adoptContainer } from '../../src/apply/adopt.ts';
import { BASE_NAMES } from '../../src/definition/files.ts';
import { define } from '../../src/deploy.ts';
import { stageOf } from '../../src/desired/identity.ts';
import { type Adoption, type DeployWould, judgeAdoption } from '../../src/imports/adoption.ts';
import { inspect } from '../../src/imports/inspect.ts';
import type { Desired } from '../../src/model/desired.ts';
import { formatProblem, GitopsError, isGitopsError, ProblemsError } from '../../src/model/errors.ts';
import { EXIT } from '../../src/report/exit-code.ts';
import { plainLine } from '../../src/report/plain-text.ts';
import { changeText } from '../../src/report/plan.ts';
import type { Style } from '../../src/report/style.ts';
import { type CommonOptions, type Context, withContext } from './context.ts';
import { missingGlobals } from './site-globals.ts';

export interface AdoptAllOptions extends CommonOptions {
  /** Organisation of the repositories; that of the project is srv. */
  readonly organisation?: string;
  readonly yes?: boolean;
}

interface Row {
  /** As the person calls it. */
  readonly directory: string;
  readonly vmid?: number;
  readonly node?: string;
  adoption: Adoption;
  readonly desired?: Desired;
  adopted?: boolean;
}

/**
 * Every definition directly below a folder and below its `libs`: what adopting its container would write, and what a deploy would
 * change then. With `yes` those that can be are adopted; those that cannot be are named, and make it end with code 6.
 */
export function adoptAll(folder: string, options: AdoptAllOptions): Promise<number> {
  return withContext(options, async (context) => {
    const directories = await definitionsBelow(context, folder);
    const rows: Row[] = [];
    for (const directory of directories) rows.push(await judge(context, directory, options));
    const twice = new Set(
      rows.map(({ vmid }) => vmid).filter((vmid, index, all) => vmid !== undefined && all.indexOf(vmid) !== index),
    );
    const unique = rows.map((row) => (twice.has(row.vmid) ? { ...row, adoption: shared(row.vmid) } : row));
    const globals = await missingGlobals(folder, context.ports.source, context.ports.variables);
    if (options.yes === true) {
      for (const row of unique) await write(context, row);
      await context.ports.variables.keep(globals);
    }
    const refused = unique.filter(({ adoption }) => adoption.kind === 'refused');
    context.terminal.progress.close();
    if (options.json === true) {
      const shown = unique.map(({ desired: _, ...row }) => row);
      context.terminal.json(
        JSON.stringify({ version: 1, kind: 'adoptions', done: options.yes === true, containers: shown }),
      );
    } else context.terminal.print(await linesOf(context, folder, unique, Object.keys(globals), options.yes === true));
    return refused.length > 0 ? EXIT.notOurs : EXIT.ok;
  });
}

function shared(vmid: number | undefined): Adoption {
  return { kind: 'refused', reason: `several definitions are for vmid ${vmid}`, advice: 'keep one of them' };
}

async function definitionsBelow({ ports }: Context, folder: string): Promise<readonly string[]> {
  const { source } = ports;
  const names = await source.list(resolve(folder));
  if (names === undefined) throw new GitopsError('user', `Unable to adopt all of ${folder}: no such directory`);
  const below = (await source.list(resolve(folder, 'libs'))) ?? [];
  const found: string[] = [];
  for (const name of [...names, ...below.map((entry) => join('libs', entry))]) {
    const listed = (await source.list(resolve(folder, name))) ?? [];
    if (BASE_NAMES.some((base) => listed.includes(base))) found.push(join(folder, name));
  }
  if (found.length > 0) return found;
  throw new GitopsError('user', `Unable to adopt all of ${folder}: there is no definition in it, nor in its libs`);
}

async function judge(context: Context, directory: string, options: AdoptAllOptions): Promise<Row> {
  const { ports, settings, signal } = context;
  const name = relative(resolve(directory, '..'), resolve(directory));
  const stage = stageOf(options.stage, undefined, settings.stage);
  const who = { name, owner: `${options.organisation ?? 'srv'}/${name}`, stage };
  try {
    const desired = await define(ports, settings, resolve(directory), who);
    if (desired.vmid.kind !== 'fixed') {
      const reason = 'the definition names no vmid, so that nothing says which container it is for';
      return { directory, adoption: { kind: 'refused', reason, advice: 'write vmid: into container.yml' } };
    }
    const { vmid } = desired.vmid;
    const { state, pool } = await inspect(ports, vmid, signal);
    const adoption = judgeAdoption({ state, desired, settings, ...(pool === undefined ? {} : { pool }) });
    return { directory, vmid, node: state.node, desired, adoption };
  } catch (error) {
    if (!isGitopsError(error) || error.kind === 'bug' || error.kind === 'remote') throw error;
    return { directory, adoption: refusedBy(error) };
  }
}

function refusedBy(error: GitopsError): Adoption {
  const reason =
    error instanceof ProblemsError
      ? error.problems.map(formatProblem).join('; ')
      : error.message.replace(/^Unable to (?:import|adopt) container \d+: /, '');
  const [advice] = error.advice;
  return { kind: 'refused', reason, ...(advice === undefined ? {} : { advice }) };
}

async function write({ ports, settings, signal }: Context, row: Row): Promise<void> {
  const { adoption, desired, vmid } = row;
  if (adoption.kind !== 'adoptable' || desired === undefined || vmid === undefined) return;
  const { owner, name, stage } = desired;
  const identity = { site: settings.site, owner, name, stage };
  try {
    await adoptContainer({ ...ports, vmid, identity, hostKeys: [], signal });
    row.adopted = true;
  } catch (error) {
    // The others go on: what was refused for this one, such as a config that changed at the same moment, is said.
    if (!isGitopsError(error) || error.kind === 'bug' || signal.aborted) throw error;
    row.adoption = refusedBy(error);
  }
}

async function linesOf(
  context: Context,
  folder: string,
  rows: readonly Row[],
  globals: readonly string[],
  done: boolean,
): Promise<string[]> {
  const { style } = context.terminal;
  const count = (kind: Adoption['kind']): number => rows.filter(({ adoption }) => adoption.kind === kind).length;
  const [can, ours, refused] = [count('adoptable'), count('ours'), count('refused')];
  const verdict = `${can} ${done ? 'adopted' : 'can be adopted'}, ${ours} ours already, ${refused} refused; nothing is replaced`;
  const authority = `cert-authority,principals="root" ${await context.ports.keys.authority()}`;
  return [
    ...rows.flatMap((row) => linesOfRow(row, style)),
    ...(globals.length === 0
      ? []
      : [`${done ? 'kept' : 'would be kept'} in the site’s own store, for recipes: ${globals.join(', ')}`]),
    style.bold(verdict),
    ...(can === 0 || done ? [] : ['next:', `  pve-gitops adopt --all ${folder} --yes`]),
    ...(can === 0 || !done
      ? []
      : [
          'before the first deploys can log in, for each of them, on its node:',
          '  pct exec VMID -- ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub   (then: pve-gitops adopt DIR --vmid VMID --host-key SHA256:…)',
          '  and this line into root’s authorized_keys in the container:',
          `  ${authority}`,
        ]),
  ];
}

function linesOfRow({ directory, vmid, node, adoption, adopted }: Row, style: Style): string[] {
  const where = vmid === undefined ? '' : ` · container ${vmid}${node === undefined ? '' : ` on ${node}`}`;
  const title = style.bold(plainLine(`${directory}${where}`));
  switch (adoption.kind) {
    case 'refused': {
      const advice = adoption.advice === undefined ? [] : [`  ${style.dim('→')} ${plainLine(adoption.advice)}`];
      return [title, `  ${style.bad('refused:')} ${plainLine(adoption.reason)}`, ...advice];
    }
    case 'ours':
      return [title, `  ${style.dim('is ours already')}`, ...deployLines(adoption.deploy, style)];
    case 'adoptable': {
      const word = adopted === true ? 'written:' : 'would be written:';
      const writes = `  ${style.good(word)} ${adoption.writes.join(', ')}; nothing else`;
      return [title, writes, ...deployLines(adoption.deploy, style)];
    }
    default:
      return adoption satisfies never;
  }
}

function deployLines({ changes, steps, restarts, refusals }: DeployWould, style: Style): string[] {
  const changed = changes.map((change) => `  ${style.warn('a deploy would change')} ${plainLine(changeText(change))}`);
  const more = steps.length === 0 ? [] : [`  ${style.dim('a deploy would do:')} ${steps.join(', ')}`];
  const none = changes.length === 0 ? [`  ${style.dim('a deploy would change nothing of its resources')}`] : [];
  const blocked = refusals.map((reason) => `  ${style.warn('a deploy would be refused:')} ${plainLine(reason)}`);
  return [
    ...none,
    ...changed,
    ...more,
    ...blocked,
    ...(restarts ? [`  ${style.warn('a deploy would restart it')}`] : []),
  ];
}
