import { describe, expect, it } from 'vitest';
import { GitopsError } from '../../../src/model/errors.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import type { Change, Plan, Step } from '../../../src/model/plan.ts';
import { renderError } from '../../../src/report/error.ts';
import { EXIT, exitCodeOf } from '../../../src/report/exit-code.ts';
import { outcomeJson, outcomeMarkdown, renderOutcome } from '../../../src/report/outcome.ts';
import { changeText, planTitle, renderPlan, stepTitle, verdict } from '../../../src/report/plan.ts';
import { COLOUR, duration, PLAIN } from '../../../src/report/style.ts';

const PLAN: Plan = {
  name: 'apache',
  stage: 'main',
  vmid: 142,
  node: 'pve',
  hostname: 'apache',
  address: 'dhcp',
  steps: [],
  notes: [],
  refusals: [],
  data: [],
  wayBack: 'none kept yet',
};

const step = (kind: 'start' | 'restart' | 'stop' | 'destroy' | 'configure', disruption: Step['disruption']): Step => ({
  kind,
  reason: 'why',
  disruption,
});

const DONE: Extract<Outcome, { kind: 'done' }> = {
  kind: 'done',
  plan: { ...PLAN, notes: ['a note | of two'] },
  results: [
    {
      kind: 'configure',
      summary: '2 changes',
      changes: [{ field: 'cores', from: '1', to: '2', disruption: 'none' }],
      changed: ['wrote | /etc/x', '<script>'],
      warnings: [],
      milliseconds: 1500,
    },
  ],
  checks: [{ check: 'tcp 80', ok: true, detail: 'open' }],
  urls: ['http://10.0.0.5/'],
  milliseconds: 130_000,
};

const FAILED: Extract<Outcome, { kind: 'failed' }> = {
  kind: 'failed',
  results: [],
  checks: [],
  step: 'observe',
  message: 'Unable to reach pve: refused',
  log: [],
  advice: ['look at it'],
  serving: 'nothing was changed',
  exitCode: 4,
};

describe('a plan in words', () => {
  it.each<[readonly Step[], string]>([
    [[], 'nothing to change'],
    [[step('start', 'none')], '1 step, no restart'],
    [[step('restart', 'restart'), step('configure', 'none')], '2 steps, with a restart'],
    [
      [step('restart', 'restart'), { kind: 'replace', changes: [], reason: 'x', disruption: 'replace' }],
      '2 steps, needs a replace',
    ],
    [[step('stop', 'replace'), step('destroy', 'replace')], '2 steps, the container is destroyed'],
  ])('%#', (steps, text) => {
    expect(verdict({ ...PLAN, steps })).toBe(text);
  });

  it.each<[Change, string]>([
    [{ field: 'cores', from: '1', to: '2', disruption: 'none' }, 'cores: 1 → 2'],
    [{ field: 'cores', to: '2', disruption: 'none' }, 'cores: 2'],
    [{ field: 'cores', from: '2', disruption: 'none' }, 'cores: 2 → (removed)'],
    [
      { field: 'disk', from: '8', to: '4', disruption: 'replace', note: 'cannot shrink' },
      'disk: 8 → 4 (cannot shrink)',
    ],
  ])('%#', (change, text) => {
    expect(changeText(change)).toBe(text);
  });

  it('names every kind of step', () => {
    const changes: readonly Change[] = [];
    const common = { reason: 'x', disruption: 'none' } as const;
    expect([
      stepTitle({ kind: 'download', node: 'pve', storage: 'local', template: 'debian', ...common }),
      stepTitle({ kind: 'create', node: 'pve', vmid: 142, template: 't', parameters: {}, changes, ...common }),
      stepTitle({ kind: 'update', set: {}, remove: [], changes, ...common }),
      stepTitle({ kind: 'resize', disk: 'rootfs', size: 16, changes, ...common }),
      stepTitle({ kind: 'replace', changes, ...common }),
      stepTitle(step('destroy', 'replace')),
    ]).toEqual([
      'download template debian to local',
      'create container 142',
      'update config',
      'grow rootfs to 16 GiB',
      'replace',
      'destroy',
    ]);
  });

  it('shows the vmid alone when no ID was added to', () => {
    expect(planTitle(PLAN)).toBe('apache (main) · vmid 142 on node pve · dhcp');
  });
});

describe('an outcome', () => {
  it('that is done ends with URLs and one line', () => {
    expect(renderOutcome(DONE)).toEqual([
      'note: a note | of two',
      'http://10.0.0.5/',
      'apache: 1 step, 1 check passed, 2 min 10 s',
    ]);
    expect(renderOutcome({ ...DONE, results: [], checks: [] }).at(-1)).toBe('apache: nothing to change, 2 min 10 s');
  });

  it('that failed before there was a plan still says all', () => {
    expect(renderOutcome(FAILED)).toEqual([
      'error: Unable to reach pve: refused',
      '  → look at it',
      'run: failed at observe; nothing was changed',
    ]);
  });

  it('has the exit codes of the design', () => {
    expect(EXIT).toEqual({
      ok: 0,
      bug: 1,
      changes: 2,
      user: 3,
      remote: 4,
      busy: 5,
      notOurs: 6,
      rolledBack: 7,
      notRolledBack: 8,
      host: 9,
    });
    expect(exitCodeOf({ kind: 'planned', plan: { ...PLAN, steps: [step('start', 'none')] } }, true)).toBe(2);
  });

  it('that failed never ends with 0', () => {
    expect(exitCodeOf({ ...FAILED, exitCode: 0 })).toBe(1);
    expect(exitCodeOf(FAILED)).toBe(4);
    expect(exitCodeOf(DONE, true)).toBe(0);
  });

  it('is markdown whose cells hold', () => {
    const text = outcomeMarkdown(DONE);
    expect(text).toContain('### apache: 1 step');
    expect(text).toContain('| | wrote \\| /etc/x | |');
    expect(text).toContain('| | &lt;script> | |');
    expect(text).toContain('| tcp 80 | ok | open |');
    expect(text).toContain('> a note \\| of two');
    expect(text).toContain('<http://10.0.0.5/>');
    expect(outcomeMarkdown({ kind: 'planned', plan: PLAN })).toContain('Nothing to change.');
  });

  it('gives neither log nor summary what a script smuggled in', () => {
    const evil = { ...FAILED, message: 'x\n::add-mask::y\u001b[2J', log: ['\r::stop-commands::z', '```'] };
    const lines = renderOutcome(evil);
    for (const line of lines) expect(line).not.toMatch(/^\s*(?:::|##\[)|\p{Cc}/u);
    expect(outcomeMarkdown(evil).match(/```/g)).toHaveLength(2);
    expect(outcomeMarkdown(evil)).not.toContain('\u001b');
  });

  it('is JSON with a version', () => {
    expect(JSON.parse(outcomeJson(DONE))).toEqual({ version: 1, ...DONE });
  });
});

describe('an error', () => {
  it('quotes a log line once, however it is indented', () => {
    const error = new GitopsError('remote', 'Unable to x: E: full', { log: ['  E: full', 'more'] });
    expect(renderError(error)).toEqual(['error: Unable to x: E: full', '  │ more']);
  });

  it('names its causes with debug', () => {
    const cause = new Error('socket hung up');
    const lines = renderError(new GitopsError('remote', 'Unable to x', { cause }), { debug: true });
    expect(lines.find((line) => line.includes('caused by'))).toContain('caused by Error: socket hung up');
    expect(renderError(new GitopsError('remote', 'Unable to x', { cause })).join()).not.toContain('socket');
  });

  it('of several lines keeps them and gives the runner no command', () => {
    expect(renderError(Object.assign(new Error('a\n  b\n::c::')), {}).slice(0, 3)).toEqual([
      'error: a',
      '  b',
      '│ ::c::',
    ]);
  });
});

describe('signs of a plan', () => {
  it.each<[Step, string]>([
    [
      {
        kind: 'create',
        node: 'pve',
        vmid: 1,
        template: 't',
        parameters: {},
        changes: [],
        reason: 'x',
        disruption: 'none',
      },
      '+',
    ],
    [{ kind: 'download', node: 'pve', storage: 's', template: 't', reason: 'x', disruption: 'none' }, '+'],
    [step('destroy', 'replace'), '-'],
    [{ kind: 'replace', changes: [], reason: 'x', disruption: 'replace' }, '-'],
    [step('restart', 'restart'), '~'],
  ])('%#', (one, sign) => {
    expect(renderPlan({ ...PLAN, steps: [one] })[1]?.slice(0, 4)).toBe(`  ${sign} `);
  });
});

describe('style', () => {
  it.each([
    [0, '0.0 s'],
    [9_940, '9.9 s'],
    [9_960, '10 s'],
    [12_400, '12 s'],
    [119_000, '119 s'],
    [125_000, '2 min 05 s'],
  ])('%i ms', (milliseconds, text) => {
    expect(duration(milliseconds)).toBe(text);
  });

  it.each([119_600, 179_700, 3_599_900])('never says 60 s: %i ms', (milliseconds) => {
    expect(duration(milliseconds)).not.toContain(' 60 s');
    expect(duration(milliseconds)).toMatch(/^\d+ min 00 s$/);
  });

  it('sets words off and ends it', () => {
    const codes = (['bold', 'dim', 'good', 'warn', 'bad'] as const).map((word) => COLOUR[word]('x'));
    expect(codes).toEqual([
      '\u001b[1mx\u001b[22m',
      '\u001b[2mx\u001b[22m',
      '\u001b[32mx\u001b[39m',
      '\u001b[33mx\u001b[39m',
      '\u001b[31mx\u001b[39m',
    ]);
    expect(PLAIN.bad('x')).toBe('x');
  });
});
