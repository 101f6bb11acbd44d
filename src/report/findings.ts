import type { Area, Finding } from '../model/finding.ts';
import { EXIT } from './exit-code.ts';
import { plainLine } from './plain-text.ts';
import { PLAIN, plural, type Style } from './style.ts';

/** 0 without problems, else by the first one's kind. */
export function exitCodeOfFindings(findings: readonly Finding[]): number {
  const first = findings.find(({ status }) => status === 'problem');
  if (first === undefined) return EXIT.ok;
  switch (first.kind) {
    case 'user':
      return EXIT.user;
    case 'host':
      return EXIT.host;
    default:
      return EXIT.remote;
  }
}

/** By area, each with what mends it below, and a verdict. */
export function renderFindings(findings: readonly Finding[], style: Style = PLAIN): string[] {
  const areas = [...new Set(findings.map(({ area }) => area))];
  return [
    ...areas.flatMap((area: Area) => [
      style.bold(area),
      ...findings.filter((finding) => finding.area === area).flatMap((finding) => lines(finding, style)),
    ]),
    verdict(findings, style),
  ];
}

function lines({ status, text, fix }: Finding, style: Style): string[] {
  const mark = { ok: style.good('ok'), warning: style.warn('warning'), problem: style.bad('problem') }[status];
  return [`  ${mark} ${plainLine(text)}`, ...fix.map((line) => `     ${style.dim('→')} ${plainLine(line)}`)];
}

function verdict(findings: readonly Finding[], style: Style): string {
  const count = (status: Finding['status']): number => findings.filter((finding) => finding.status === status).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  const words = [
    ...(problems === 0 ? [] : [style.bad(plural(problems, 'problem'))]),
    ...(warnings === 0 ? [] : [style.warn(plural(warnings, 'warning'))]),
  ];
  return words.length === 0 ? style.good('everything is in order') : words.join(', ');
}

export function findingsJson(findings: readonly Finding[]): string {
  return JSON.stringify({ version: 1, kind: 'doctor', exitCode: exitCodeOfFindings(findings), findings });
}
