import { GitopsError } from '../../model/errors.ts';
import { lastLines } from '../process/program-errors.ts';
import type { GitAnswer } from './git-runner.ts';

/** Whether the server has no such ref or commit, or does not give out commits by name. */
export function isMissing(answer: GitAnswer): boolean {
  return /couldn't find remote ref|not our ref|unadvertised object|does not allow request|no such remote ref/i.test(
    answer.stderr,
  );
}

/** Why git failed, as an error that says what to do. */
export function fetchError(what: string, answer: GitAnswer, limit: string): GitopsError {
  const log = lastLines(answer.stderr);
  const said = log.find((line) => /^(?:fatal|error):/.test(line))?.replace(/^\w+: /, '') ?? log.at(-1);
  const fail = (reason: string, advice: readonly string[]) =>
    new GitopsError('remote', `Unable to check out ${what}: ${reason}`, { log, advice });
  if (answer.timedOut) return fail(`git did not end within ${limit} and was stopped`, []);
  if (/could not read (?:username|password)|authentication failed|returned error: 40[13]/i.test(answer.stderr)) {
    return fail('the forge refuses this login', [
      "The job's token reads its own repository; another one that is private needs a token of its own",
    ]);
  }
  if (/repository .*not found|returned error: 404/i.test(answer.stderr)) {
    return fail('the forge has no such repository, or shows it to other users only', []);
  }
  return fail(said ?? `git ended with ${answer.exitCode}`, []);
}
