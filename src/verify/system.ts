import type { CheckKind } from './check-kind.ts';

/** The check of a definition that names none. */
export interface SystemCheck {
  readonly kind: 'system';
}

/**
 * No unit has failed and the system is up. Units that work on the kernel, which is the host's, fail in many unprivileged
 * containers and say nothing about the service: they are named, and not counted.
 */
export const systemCheck: CheckKind<SystemCheck> = {
  title: () => 'no failed units',
  guestArguments: () => [],
  guestFunction: String.raw`
check_system() {
  if [ ! -d /run/systemd/system ]; then
    crashed=$(rc-status --crashed 2>/dev/null | awk 'NF { print $1 }' | paste -s -d ' ')
    if [ -z "$crashed" ]; then ok 'none has crashed'; else bad "expected no crashed services, but: $crashed"; fi
    return
  fi
  failed='' kernel=''
  for unit in $(systemctl list-units --failed --plain --no-legend --full | cut -d ' ' -f 1); do
    case $unit in
      sys-*.mount | proc-sys-*mount | dev-hugepages.mount | dev-mqueue.mount | systemd-modules-load.service | systemd-journald-audit.socket)
        kernel="$kernel $unit" ;;
      *) failed="$failed $unit" ;;
    esac
  done
  if [ -n "$failed" ]; then
    bad "expected no failed units, but systemd is degraded:$failed"
    for unit in $failed; do
      printf '%s: %s\n' "$unit" "$(systemctl show --property Result,ExecMainStatus -- "$unit" | paste -s -d ' ')"
      journalctl --unit "$unit" --boot --lines 6 --no-pager --output short-iso 2>/dev/null
    done | more
    return
  fi
  case $(systemctl is-system-running) in
    initializing | starting)
      bad "expected the system to be up, but it is still starting: $(systemctl list-jobs --plain --no-legend | awk '{ print $2 " " $4 }' | paste -s -d ',')" ;;
    stopping) bad 'expected the system to be up, but it is stopping' ;;
    *) if [ -z "$kernel" ]; then ok none; else ok "none; not counted, the kernel is the host's:$kernel"; fi ;;
  esac
}
`,
};
