import type { HealthCheck } from '../model/definition.ts';
import type { CheckResult } from '../model/outcome.ts';
import type { Call, Shell } from '../model/ports.ts';
import type { CheckKind } from './check-kind.ts';
import { commandCheck } from './command.ts';
import { httpCheck } from './http.ts';
import { type SystemCheck, systemCheck } from './system.ts';
import { tcpCheck } from './tcp.ts';
import { unitCheck } from './unit.ts';

export type Check = HealthCheck | SystemCheck;

const FRAME = String.raw`
export LC_ALL=C.UTF-8
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ok() { printf '%s ok %s\n' "$number" "$(printf '%s' "$*" | tr '\n' ' ')"; }
bad() { printf '%s bad %s\n' "$number" "$(printf '%s' "$*" | tr '\n' ' ')"; }
more() { tail -n 20 | while IFS= read -r line || [ -n "$line" ]; do printf "%s more %s\n" "$number" "$line"; done; }
main() {
  number=0
  while [ $# -gt 0 ]; do
    kind=$1 count=$2
    shift 2
    "check_$kind" "$@" </dev/null
    shift "$count"
    number=$((number + 1))
  done
}
main "$@"
`;

/** The checks' script for bash; nothing in it comes from a definition. */
export function roundScript(): string {
  const kinds = [unitCheck, tcpCheck, httpCheck, commandCheck, systemCheck];
  return [...kinds.map((kind) => kind.guestFunction), FRAME].join('');
}

/** Runs all checks once, in one round trip. A check that gave no answer is a failed one. */
export async function runRound(shell: Shell, checks: readonly Check[], call: Call): Promise<readonly CheckResult[]> {
  const words = checks.flatMap((check) => {
    const own = described(check).guestArguments;
    return [check.kind, String(own.length), ...own];
  });
  const input = new TextEncoder().encode(roundScript());
  const { stdout } = await shell.run({ name: 'checks', argv: ['bash', '-s', '--', ...words], input }, call);
  return readRound(checks, stdout);
}

/** Exported for its tests: the answers of a round, in the order of the checks. */
export function readRound(checks: readonly Check[], output: string): readonly CheckResult[] {
  const lines = output.split('\n').map((line) => /^(\d+) (ok|bad|more) (.*)$/.exec(line));
  return checks.map((check, index) => {
    const own = lines.filter((match) => match !== null && match[1] === String(index));
    const verdict = own.find((match) => match?.[2] !== 'more');
    const more = own.filter((match) => match?.[2] === 'more').map((match) => `  ${match?.[3] ?? ''}`);
    const detail = verdict?.[3] ?? 'expected an answer, but the check gave none';
    return { check: described(check).title, ok: verdict?.[2] === 'ok', detail: [detail, ...more].join('\n') };
  });
}

function described(check: Check): { readonly title: string; readonly guestArguments: readonly string[] } {
  const by = <C>(kind: CheckKind<C>, own: C) => ({ title: kind.title(own), guestArguments: kind.guestArguments(own) });
  switch (check.kind) {
    case 'unit':
      return by(unitCheck, check);
    case 'tcp':
      return by(tcpCheck, check);
    case 'http':
      return by(httpCheck, check);
    case 'command':
      return by(commandCheck, check);
    case 'system':
      return by(systemCheck, check);
    default:
      return check satisfies never;
  }
}
