import type { HealthCheck } from '../model/definition.ts';
import type { CheckKind } from './check-kind.ts';

/**
 * A URL answers with the expected status (any below 400 when none is given) and text. Asked from inside by curl, which the
 * baseline brings. A URL without host, `http://:80/`, means the container. Redirects are not followed, TLS is verified.
 */
export const httpCheck: CheckKind<Extract<HealthCheck, { kind: 'http' }>> = {
  title: (check) => `http ${check.url}`,
  guestArguments: (check) => [
    check.url.replace(/^(https?:\/\/)(?=[:/]|$)/, '$1localhost'),
    check.status === undefined ? '' : String(check.status),
    check.contains ?? '',
  ],
  guestFunction: String.raw`
check_http() {
  command -v curl >/dev/null || { bad 'curl is not in the container'; return; }
  body=$(mktemp) trouble=$(mktemp)
  # localhost is tried as what it is first, then as the container's address: a service may listen on either
  for target in localhost $(hostname -I | grep -oE '[0-9.]{7,}' | head -n 1); do
    status=$(curl --silent --show-error --globoff --noproxy '*' --proto =http,https --max-time 5 --max-filesize 4194304 \
      --output "$body" --write-out '%{http_code}' --connect-to "localhost::$target:" -- "$1" 2>"$trouble") && break
    status=''
    case $1 in *://localhost*) ;; *) break ;; esac
  done
  shown="$body"
  if [ -z "$status" ]; then bad "expected an answer, but $(head -n 1 "$trouble")"; shown=/dev/null
  elif [ -n "$2" ] && [ "$status" != "$2" ]; then bad "expected status $2, but got $status"
  elif [ -z "$2" ] && [ "$status" -ge 400 ]; then bad "expected a status below 400, but got $status"
  elif [ -n "$3" ] && ! grep -qF -- "$3" "$body"; then bad "expected the text '$3', but the answer ($status) is without it"
  else ok "status $status"; shown=/dev/null; fi
  head -c 500 "$shown" | more
  rm -f "$body" "$trouble"
}
`,
};
