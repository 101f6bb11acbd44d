import { describe, expect, it } from 'vitest';
import { GitopsError } from '../../../src/model/errors.ts';
import type { Outcome } from '../../../src/model/outcome.ts';
import type { Plan } from '../../../src/model/plan.ts';
import { renderError } from '../../../src/report/error.ts';
import { exitCodeOf, exitCodeOfError } from '../../../src/report/exit-code.ts';
import { outcomeMarkdown, renderOutcome } from '../../../src/report/outcome.ts';
import { renderPlan } from '../../../src/report/plan.ts';
import { createProgress } from '../../../src/report/progress.ts';

const PLAN: Plan = {
  name: 'apache',
  stage: 'main',
  vmid: 1042,
  id: 42,
  node: 'pve',
  hostname: 'apache',
  address: '192.168.178.42/24',
  steps: [
    {
      kind: 'update',
      set: { memory: 4096 },
      remove: [],
      changes: [{ field: 'memory', from: '2048', to: '4096', disruption: 'none' }],
      reason: 'config differs from the definition',
      disruption: 'none',
    },
    { kind: 'restart', reason: 'a change needs a restart', disruption: 'restart' },
  ],
  notes: ['a newer template is there'],
  refusals: [],
  data: [
    { kind: 'root', name: 'root file system', fate: 'kept', size: 8 },
    { kind: 'volume', name: 'data', fate: 'destroyed', size: 4, path: '/srv/data' },
  ],
  wayBack: 'a snapshot; last 2 h ago',
};

const FAILED: Outcome = {
  kind: 'failed',
  plan: PLAN,
  results: [],
  checks: [],
  step: 'configure',
  message: 'configure.sh ended with exit code 3',
  log: ['E: Unable to locate package'],
  advice: ['look at it'],
  serving: 'container 1042 is as it was',
  exitCode: 8,
};

describe('plan', () => {
  it('shows ID and vmid, each step with reason and cost, each change, and a verdict', () => {
    expect(renderPlan(PLAN)).toEqual([
      'apache (main) · ID 42 → vmid 1042 on node pve · 192.168.178.42/24',
      '  ~ update config because config differs from the definition',
      '      memory: 2048 → 4096',
      '  ~ restart [restart] because a change needs a restart',
      '  note: a newer template is there',
      '  2 steps, with a restart',
      '  data: root file system (8 GiB) kept · data (4 GiB at /srv/data) DESTROYED',
      '  way back: a snapshot; last 2 h ago',
    ]);
  });

  it('says so when there is nothing to do', () => {
    expect(renderPlan({ ...PLAN, steps: [], notes: [] }).at(-3)).toBe('  nothing to change');
  });
});

describe('exit codes', () => {
  it.each([
    ['user', 3],
    ['remote', 4],
    ['busy', 5],
    ['not-ours', 6],
    ['host', 9],
    ['bug', 1],
  ] as const)('%s → %i', (kind, code) => {
    expect(exitCodeOfError(new GitopsError(kind, 'x'))).toBe(code);
  });

  it('tells changes of a plan apart only when asked', () => {
    expect(exitCodeOf({ kind: 'planned', plan: PLAN })).toBe(0);
    expect(exitCodeOf({ kind: 'planned', plan: PLAN }, true)).toBe(2);
    expect(exitCodeOf({ kind: 'planned', plan: { ...PLAN, steps: [] } }, true)).toBe(0);
    expect(exitCodeOf(FAILED)).toBe(8);
    expect(exitCodeOfError(new Error('x'))).toBe(1);
  });
});

describe('errors', () => {
  it('print message, log tail and advice, and a stack only with debug', () => {
    const error = new GitopsError('remote', 'Unable to create container 1042: full', {
      log: ['TASK ERROR'],
      advice: ['make room'],
    });
    expect(renderError(error)).toEqual([
      'error: Unable to create container 1042: full',
      '  │ TASK ERROR',
      '  → make room',
    ]);
    expect(renderError(error, { debug: true }).some((line) => line.includes('report.test.ts'))).toBe(true);
    expect(renderError(new Error('odd')).join('\n')).toContain('this is a bug of pve-gitops');
  });
});

describe('markdown', () => {
  it('cannot be broken out of by values', () => {
    const text = outcomeMarkdown({ ...FAILED, message: 'a\n```\nb', advice: ['<img src=x>'] });
    expect(text.match(/```/g)).toHaveLength(2);
    expect(text).toContain('&lt;img');
  });

  it('a failure says what runs now', () => {
    expect(renderOutcome(FAILED)).toContain('  │ E: Unable to locate package');
    expect(renderOutcome(FAILED).at(-1)).toBe('apache: failed at configure; container 1042 is as it was');
  });
});

describe('progress', () => {
  function harness(status?: (text: string) => void) {
    const lines: string[] = [];
    let time = 0;
    let tick: () => void = () => undefined;
    const progress = createProgress({
      line: (text) => lines.push(text),
      now: () => time,
      every: (_, callback) => {
        tick = callback;
        return () => undefined;
      },
      verbose: false,
      ...(status === undefined ? {} : { status }),
    });
    const pass = (seconds: number): void => {
      for (let i = 0; i < seconds; i += 1) {
        time += 1000;
        tick();
      }
    };
    return { lines, progress, pass };
  }

  it('a log gets a line at least every 30 s while something is at work, with what it last said', () => {
    const { lines, progress, pass } = harness();
    progress.tell({ kind: 'started', what: 'baseline: it is new' });
    progress.tell({ kind: 'line', text: 'Setting up curl' });
    pass(65);
    expect(lines).toEqual([
      '  ... baseline: it is new, 20 s: Setting up curl',
      '  ... baseline: it is new, 40 s: Setting up curl',
      '  ... baseline: it is new, 60 s: Setting up curl',
    ]);
    progress.tell({ kind: 'finished', what: 'baseline: it is new' });
    pass(60);
    expect(lines).toHaveLength(4);
  });

  it('a terminal gets a line that is rewritten, and no heartbeat', () => {
    const shown: string[] = [];
    const { lines, progress, pass } = harness((text) => shown.push(text));
    progress.tell({ kind: 'started', what: 'create' });
    pass(40);
    expect(lines).toEqual([]);
    expect(shown.at(-1)).toBe('  create 40 s ');
    progress.tell({ kind: 'failed', what: 'create', message: 'x' });
    expect(shown.at(-1)).toBe('');
    expect(lines).toEqual(['  failed create (40 s)']);
  });
});
