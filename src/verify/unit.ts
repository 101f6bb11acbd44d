import type { HealthCheck } from '../model/definition.ts';
import type { CheckKind } from './check-kind.ts';

/** A systemd unit is active. */
export const unitCheck: CheckKind<Extract<HealthCheck, { kind: 'unit' }>> = {
  title: (check) => `unit ${check.unit}`,
  guestArguments: (check) => [check.unit],
  guestFunction: `
check_unit() {
  state=$(systemctl is-active -- "$1")
  if [ "$state" = active ]; then ok active; return; fi
  if [ "$(systemctl show --property LoadState --value -- "$1")" = not-found ]; then
    bad 'expected active, but there is no such unit'
    return
  fi
  why=$(systemctl show --property SubState,Result,ExecMainStatus,NRestarts -- "$1" | paste -s -d ' ')
  bad "expected active, but it is $state ($why)"
  journalctl --unit "$1" --boot --lines 12 --no-pager --output short-iso 2>/dev/null | more
}
`,
};
