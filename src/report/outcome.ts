import type { CheckResult, Outcome, StepResult } from '../model/outcome.ts';
import type { Plan } from '../model/plan.ts';
import { errorLines, unquoted } from './error.ts';
import { plainLine, plainLines } from './plain-text.ts';
import { changeText, dataLine, planTitle, renderPlan, stepTitle } from './plan.ts';
import { duration, PLAIN, plural, type Style } from './style.ts';

/** The last line of a run, on its own enough to know how it ended. */
export function outcomeLine(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'planned':
      return `${outcome.plan.name}: planned, nothing was changed`;
    case 'done': {
      const what = outcome.results.length === 0 ? 'nothing to change' : plural(outcome.results.length, 'step');
      const checks = outcome.checks.length === 0 ? '' : `, ${plural(outcome.checks.length, 'check')} passed`;
      return `${outcome.plan.name}: ${what}${checks}, ${duration(outcome.milliseconds)}`;
    }
    case 'failed':
      return `${outcome.plan?.name ?? 'run'}: failed at ${outcome.step}; ${outcome.serving}`;
    default:
      return outcome satisfies never;
  }
}

/** Whether a volume goes, comes back or dies: said after the run too. */
function isDataTouched({ data }: Plan): boolean {
  return data.some(({ fate }) => fate !== 'kept' && fate !== 'new');
}

/** What is left to say at the end of a run on a terminal; steps and checks were told while it ran. */
export function renderOutcome(outcome: Outcome, style: Style = PLAIN): string[] {
  switch (outcome.kind) {
    case 'planned':
      return renderPlan(outcome.plan, style);
    case 'done':
      return [
        ...outcome.plan.notes.map((note) => `${style.dim('note:')} ${plainLine(note)}`),
        ...(isDataTouched(outcome.plan) ? [`${style.dim('data:')} ${dataLine(outcome.plan, style)}`] : []),
        ...outcome.urls.map((url) => style.bold(url)),
        style.good(outcomeLine(outcome)),
      ];
    case 'failed':
      return [
        ...errorLines(outcome.message, outcome.log, style),
        ...outcome.advice.map((advice) => `  ${style.dim('→')} ${advice}`),
        style.bad(outcomeLine(outcome)),
      ];
    default:
      return outcome satisfies never;
  }
}

const cell = (text: string): string => plainLine(text).replaceAll('|', '\\|').replaceAll('<', '&lt;');

function stepTable(results: readonly StepResult[]): string[] {
  if (results.length === 0) return [];
  const rows = results.flatMap((result) => [
    `| ${result.kind} | ${cell(result.summary)} | ${duration(result.milliseconds)} |`,
    ...result.changes.map((change) => `| | ${cell(changeText(change))} | |`),
    ...result.changed.map((line) => `| | ${cell(line)} | |`),
  ]);
  return ['', '| step | what | time |', '|---|---|---|', ...rows];
}

function checkTable(checks: readonly CheckResult[]): string[] {
  if (checks.length === 0) return [];
  const rows = checks.map(
    (check) => `| ${cell(check.check)} | ${check.ok ? 'ok' : '**failed**'} | ${cell(check.detail)} |`,
  );
  return ['', '| check | | seen |', '|---|---|---|', ...rows];
}

/** For a job summary or a comment. */
export function outcomeMarkdown(outcome: Outcome): string {
  const title = outcome.plan === undefined ? '' : cell(planTitle(outcome.plan));
  const lines = [`### ${cell(outcomeLine(outcome))}`, '', title];
  switch (outcome.kind) {
    case 'planned':
      lines.push('');
      for (const step of outcome.plan.steps) {
        lines.push(
          `- **${cell(stepTitle(step))}**${step.disruption === 'none' ? '' : ` (${step.disruption})`}: ${cell(step.reason)}`,
        );
        if ('changes' in step) lines.push(...step.changes.map((change) => `  - ${cell(changeText(change))}`));
      }
      if (outcome.plan.steps.length === 0) lines.push('Nothing to change.');
      for (const { reason, advice } of outcome.plan.refusals)
        lines.push('', `**Refused:** ${cell(reason)}`, ...advice.map((text) => `- ${cell(text)}`));
      break;
    case 'done':
      lines.push(
        ...stepTable(outcome.results),
        ...checkTable(outcome.checks),
        '',
        ...outcome.urls.map((url) => `<${url}>  `),
      );
      break;
    case 'failed':
      lines.push(
        '',
        '```text',
        ...[...plainLines(outcome.message), ...unquoted(outcome.log, outcome.message).map(plainLine)].map((line) =>
          line.replaceAll('```', "'''"),
        ),
        '```',
        ...outcome.advice.map((advice) => `- ${cell(advice)}`),
      );
      lines.push(...stepTable(outcome.results), ...checkTable(outcome.checks));
      break;
    default:
      outcome satisfies never;
  }
  for (const note of outcome.plan?.notes ?? []) lines.push('', `> ${cell(note)}`);
  if (outcome.plan !== undefined) lines.push('', `data: ${cell(dataLine(outcome.plan))}`);
  if (outcome.kind === 'planned') lines.push('', `way back: ${cell(outcome.plan.wayBack)}`);
  return `${lines.join('\n')}\n`;
}

/** For machines: the outcome as it is, with a version of its form. */
export function outcomeJson(outcome: Outcome): string {
  return JSON.stringify({ version: 1, ...outcome });
}
