import type { HealthCheck } from '../model/definition.ts';
import type { CheckKind } from './check-kind.ts';

/** A systemd unit is active; on Alpine, a service of OpenRC is started. */
export const unitCheck: CheckKind<Extract<HealthCheck, { kind: 'unit' }>> = {
  title: (check) => `unit ${check.unit}`,
  guestArguments: (check) => [check.unit],
  guestFunction: `
check_unit() {
  if [ ! -d /run/systemd/system ]; then
    if ! rc-service --exists "$1"; then bad 'expected started, but there is no such service'
    elif state=$(rc-service "$1" status 2>&1); then ok started
    else bad "expected started, but: $state"; fi
    return
  fi
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
