import { isAbsolute, join, resolve } from 'node:path';
import { define } from '../../src/deploy.ts';
import { identityOf, stageOf } from '../../src/desired/identity.ts';
import { encodeDesired } from '../../src/desired/json.ts';
import type { Desired } from '../../src/model/desired.ts';
import { formatProblem, type GitopsError, isGitopsError, type Problem, ProblemsError } from '../../src/model/errors.ts';
import type { Source } from '../../src/model/ports.ts';
import type { Settings } from '../../src/model/settings.ts';
import { summaryOf } from '../../src/report/desired.ts';
import { EXIT } from '../../src/report/exit-code.ts';
import { plainLine } from '../../src/report/plain-text.ts';
import type { Style } from '../../src/report/style.ts';
import type { CommonOptions } from './context.ts';
import { offline } from './offline.ts';

/** What became of one directory. */
type Result =
  | { readonly directory: string; readonly valid: true; readonly desired: Desired }
  | { readonly directory: string; readonly valid: false; readonly problems: readonly Problem[] };

/**
 * Reads, parses and resolves definitions, and says all that is wrong with each. Asks no server, and needs no settings; those that are
 * there count, such as the prefix of bare addresses. Ends with 0 or 3.
 */
export async function validate(directories: readonly string[], options: CommonOptions): Promise<number> {
  const { settings, source, terminal } = offline(options);
  const stage = stageOf(options.stage, undefined, settings.stage);
  const results: Result[] = [];
  for (const directory of directories) results.push(await validateOne(directory, stage, options, settings, source));

  const exitCode = results.every(({ valid }) => valid) ? EXIT.ok : EXIT.user;
  if (options.json === true) {
    terminal.json(JSON.stringify({ version: 1, kind: 'validated', stage, exitCode, definitions: results }));
  } else {
    terminal.print(results.flatMap((result) => linesOf(result, terminal.style)));
  }
  return exitCode;
}

async function validateOne(
  directory: string,
  stage: string,
  options: CommonOptions,
  settings: Settings,
  source: Source,
): Promise<Result> {
  const absolute = resolve(directory);
  try {
    const who = { ...identityOf(absolute, options.owner), stage };
    const desired = await define({ source, reporter: { tell: () => undefined } }, settings, absolute, who);
    // What cannot travel between the actions is no good definition either.
    encodeDesired(desired);
    return { directory, valid: true, desired };
  } catch (error) {
    if (!isGitopsError(error) || error.kind !== 'user') throw error;
    const problems = error instanceof ProblemsError ? error.problems : [asProblem(directory, error)];
    return { directory, valid: false, problems: problems.map((problem) => placed(directory, problem)) };
  }
}

/** An error that stands for the whole directory: its name is said already. */
function asProblem(directory: string, { message, advice }: GitopsError): Problem {
  const reason = message.replace(`Unable to read definition ${resolve(directory)}: `, '');
  const fix = advice[0];
  return { file: directory, message: reason, ...(fix === undefined ? {} : { fix }) };
}

/** A problem with its file as seen from here, so that a terminal or an editor can open it. */
function placed(directory: string, problem: Problem): Problem {
  const own = isAbsolute(problem.file) || problem.file === directory;
  return { ...problem, file: own ? directory : join(directory, problem.file) };
}

function linesOf(result: Result, style: Style): string[] {
  if (result.valid) return [`${style.good('ok')}   ${plainLine(`${result.directory}: ${summaryOf(result.desired)}`)}`];
  const count = result.problems.length === 1 ? '1 problem' : `${result.problems.length} problems`;
  const problems = result.problems.map((problem) => `     ${plainLine(formatProblem(problem))}`);
  return [`${style.bad('bad')}  ${plainLine(result.directory)}: ${count}`, ...problems];
}
