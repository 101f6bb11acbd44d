import type { HealthCheck } from '../model/definition.ts';
import type { CheckKind } from './check-kind.ts';

/** A command of the definition's author ends with 0, run by sh as root inside the container, within 20 s. */
export const commandCheck: CheckKind<Extract<HealthCheck, { kind: 'command' }>> = {
  title: (check) => `command ${check.command}`,
  guestArguments: (check) => [check.command],
  guestFunction: String.raw`
check_command() {
  told=$(timeout --kill-after=2 20 sh -c "$1" 2>&1)
  code=$?
  if [ $code = 0 ]; then ok 'exit code 0'; return; fi
  if [ $code = 124 ]; then bad 'expected exit code 0, but it was still running after 20 s'
  else bad "expected exit code 0, but got $code"; fi
  printf '%s\n' "$told" | more
}
`,
};
