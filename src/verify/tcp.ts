import type { HealthCheck } from '../model/definition.ts';
import type { CheckKind } from './check-kind.ts';

/**
 * A TCP port takes connections. Tried from inside, by bash's own /dev/tcp, which needs no package and no way through
 * firewalls; first on the container's addresses, so that a service on loopback alone is told apart.
 */
export const tcpCheck: CheckKind<Extract<HealthCheck, { kind: 'tcp' }>> = {
  title: (check) => `tcp ${check.port}`,
  guestArguments: (check) => [String(check.port)],
  guestFunction: `
check_tcp() {
  for address in $(hostname -I) 127.0.0.1 ::1; do
    timeout 3 bash -c 'exec 3<>"/dev/tcp/$1/$2"' connect "$address" "$1" 2>/dev/null || continue
    case $address in
      127.0.0.1 | ::1) ok "takes connections on $address only, not on the container's addresses" ;;
      *) ok "takes connections on $address" ;;
    esac
    return
  done
  bad 'expected it to take connections, but nothing answers on it'
}
`,
};
