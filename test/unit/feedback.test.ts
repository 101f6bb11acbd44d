import { beforeEach, describe, expect, it } from 'vitest';
import { Feedback } from '../../src/feedback.ts';
import { GitopsError, ProblemsError } from '../../src/model/errors.ts';
import type { CommitStatus, Forge } from '../../src/model/forge.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { Plan } from '../../src/model/plan.ts';
import { errorMessages } from '../../src/report/feedback.ts';

/** What a forge is told of a run. */

const ABOUT = { repository: 'srv/box', name: 'box', stage: 'main', commit: 'c0ffee', verb: 'deploy' } as const;
const PLAN: Plan = {
  ...{ name: 'box', stage: 'main', vmid: 1042, node: 'pve', hostname: 'box', address: 'dhcp' },
  ...{ steps: [], notes: [], refusals: [], data: [], wayBack: 'none kept yet' },
};
const DONE: Outcome = { kind: 'done', plan: PLAN, results: [], checks: [], urls: [], milliseconds: 1000 };
const FAILED: Outcome = {
  ...{ kind: 'failed', plan: PLAN, results: [], checks: [], step: 'configure', log: [], advice: [], exitCode: 7 },
  message: 'Unable to configure\ncontainer 1042',
  serving: 'it serves commit c0ffee again',
};

let statuses: CommitStatus[];
let comments: string[];
let warnings: string[];
let broken: Error | undefined;
let asked: number;
let cancelled: readonly string[];

const forge: Forge = {
  links: async () => ({ repository: 'http://forge/srv/box', run: 'http://forge/run' }),
  async setStatus(_, status) {
    asked += 1;
    if (broken !== undefined) throw broken;
    statuses.push(status);
  },
  async statuses(_, commit) {
    const newest = new Map(
      statuses.filter((status) => status.commit === commit).map((status) => [status.context, status]),
    );
    return [...newest.values()];
  },
  cancelled: async () => cancelled,
  openPull: async () => 'http://forge/pull',
  async comment(repository, pull, { marker, body }) {
    comments.push(`${repository}#${pull} ${marker}\n${body}`);
  },
};

beforeEach(() => {
  [statuses, comments, warnings, broken, asked, cancelled] = [[], [], [], undefined, 0, []];
});

function feedback(pull?: number, to: Forge | undefined = forge): Feedback {
  const reporter = {
    tell(event: { readonly kind: string; readonly text?: string }) {
      if (event.kind === 'warning') warnings.push(event.text ?? '');
    },
  };
  return new Feedback({ forge: to, reporter, run: { repository: 'srv/box', id: '1', number: '1' }, pull });
}

const told = (): readonly string[] =>
  statuses.map(({ context, state, description }) => `${context} ${state}: ${description}`);

describe('a commit', () => {
  it('is pending while the run works, then what it came to, with a link', async () => {
    const one = feedback();
    await one.begin(ABOUT, true);
    await one.ended(DONE);
    expect(told()).toEqual([
      'pve-gitops / box pending: deploy is running',
      'pve-gitops / box success: box: nothing to change, 1.0 s',
    ]);
    expect(statuses.map(({ url }) => url)).toEqual(['http://forge/run', 'http://forge/run']);
  });

  it('has a context per stage, and plans have their own', async () => {
    const one = feedback();
    await one.begin({ ...ABOUT, stage: 'develop', verb: 'plan' }, false);
    await one.ended({ kind: 'planned', plan: PLAN });
    expect(told()).toEqual(['pve-gitops / box (develop) / plan success: nothing to change']);
  });

  it('says on one line why it failed and what runs now', async () => {
    const one = feedback();
    await one.begin(ABOUT, false);
    await one.ended(FAILED);
    expect(told()).toEqual([
      'pve-gitops / box failure: Unable to configure · container 1042; it serves commit c0ffee again',
    ]);
  });

  it('of a run that was cut off does not stay pending; one that ended stays as it is', async () => {
    await feedback().begin(ABOUT, true);
    await feedback().cutOff(ABOUT);
    expect(told().at(-1)).toMatch(/^pve-gitops \/ box error: deploy was cut off/);
    await feedback().cutOff(ABOUT);
    expect(statuses).toHaveLength(2);
  });

  it('of a run that was cancelled is told by the next one, which keeps its link', async () => {
    await feedback().begin({ ...ABOUT, commit: 'before' }, true);
    cancelled = ['before'];
    const next = feedback();
    await next.begin(ABOUT, true);
    await next.cutOffEarlier(ABOUT);
    expect(told().at(-1)).toMatch(/^pve-gitops \/ box error: deploy was cut off/);
    expect(statuses.at(-1)).toMatchObject({ commit: 'before', url: 'http://forge/run' });
    await next.cutOffEarlier(ABOUT);
    expect(statuses).toHaveLength(3);
  });

  it('that somebody else carries on with stays pending at the end of the run', async () => {
    const one = feedback();
    await one.begin(ABOUT, true);
    await one.handedOn('deploy is carried out by pilot 601041');
    await feedback().cutOff(ABOUT);
    expect(told().at(-1)).toBe('pve-gitops / box pending: deploy is carried out by pilot 601041');
  });
});

describe('a pull request', () => {
  it('has the plan as a comment that is found again by its marker', async () => {
    const one = feedback(3);
    await one.begin({ ...ABOUT, verb: 'plan' }, false);
    await one.ended({ kind: 'planned', plan: PLAN });
    expect(comments).toHaveLength(1);
    expect(comments[0]).toMatch(/^srv\/box#3 <!-- pve-gitops:plan box\/main -->\n### box: planned/);
    expect(comments[0]).toContain('[this run](http://forge/run)');
  });
});

describe('a forge that does not answer', () => {
  it('is a warning, once, and is asked no more', async () => {
    broken = new GitopsError('remote', 'Unable to set the status of srv/box: no answer within 10 s');
    const one = feedback();
    await one.begin(ABOUT, true);
    await one.ended(DONE);
    await one.failed(new Error('x'));
    expect(warnings).toEqual([
      'the forge is not told how this run goes: Unable to set the status of srv/box: no answer within 10 s',
    ]);
    expect(asked).toBe(1);
  });

  it('or is not there changes nothing', async () => {
    const one = new Feedback({
      ...{ forge: undefined, pull: 3 },
      reporter: { tell: () => undefined },
      run: { repository: '', id: '', number: '' },
    });
    await one.begin(ABOUT, true);
    await one.ended(DONE);
    expect(await one.links()).toBeUndefined();
  });
});

it('each problem of a file is an error of its own, on one line', () => {
  const problems = [
    { file: 'config.env', line: 2, message: 'bad\nvalue' },
    { file: 'config.env', line: 3, message: 'unknown' },
  ];
  expect(errorMessages(new ProblemsError('the definition', problems))).toEqual([
    'config.env:2: bad · value',
    'config.env:3: unknown',
  ]);
});
