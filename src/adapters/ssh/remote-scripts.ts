import { quoteForShell } from './quote-for-shell.ts';

/**
 * sshd does not end a command when its connection goes away: without a terminal there is no hang-up signal, and the end of
 * its standard input is just the end of its input. So each connection's own session runs a guard, whose input ends when we
 * close the connection, when we are killed and when the network tells; it then ends the process groups of all commands. Each
 * command leaves its group's number in the guard's directory first (sshd makes every command the leader of a group).
 *
 * The guard's input, a line each: `end N` (end command N), `code N` (did command N itself exit with 255?). Its output: lines
 * `<nonce> ready DIRECTORY`, `<nonce> ended N`, `<nonce> code N yes|no`; anything else is noise of a login script.
 *
 * A command that starts while it is being ended: it writes its number and then looks for the stop file, the guard does it
 * the other way round, so one of the two sees the other.
 */
const GUARD = `
d=$(mktemp -d /run/pve-gitops.XXXXXX 2>/dev/null || mktemp -d) || exit 1
trap '' HUP PIPE
end() {
  : >"$d/$1.stop"
  p=$(cat "$d/$1.pid" 2>/dev/null)
  [ -n "$p" ] || return 0
  kill -s TERM -- "-$p" 2>/dev/null || return 0
  i=0
  while [ $i -lt 20 ]; do
    kill -s 0 -- "-$p" 2>/dev/null || return 0
    i=$((i + 1))
    sleep 0.1 2>/dev/null || sleep 1
  done
  kill -s KILL -- "-$p" 2>/dev/null
}
echo "$1 ready $d"
while read -r verb n; do
  case $verb in
    end) { end "$n"; echo "$1 ended $n"; } & ;;
    code) if [ -e "$d/$n.255" ]; then echo "$1 code $n yes"; else echo "$1 code $n no"; fi ;;
  esac
done
for f in "$d"/*.pid; do
  n=\${f##*/}
  [ -e "$f" ] && end "\${n%.pid}" &
done
wait
rm -rf "$d"
`;

/** Not exec: the file with the group's number must go before the number can be somebody else's. */
const COMMAND = `
d=$1
n=$2
shift 2
echo $$ >"$d/$n.pid" || exit 255
[ ! -e "$d/$n.stop" ] || exit 255
"$@"
c=$?
[ $c -ne 255 ] || : >"$d/$n.255"
rm -f "$d/$n.pid"
exit $c
`;

/** The remote command line of a connection's own session. */
export function guardLine(nonce: string): string {
  return `exec ${quoteForShell(['/bin/sh', '-c', GUARD, 'pve-gitops', nonce])}`;
}

/** The remote command line of command number `number`, below the guard's directory. */
export function commandLine(directory: string, number: number, argv: readonly string[]): string {
  return `exec ${quoteForShell(['/bin/sh', '-c', COMMAND, 'pve-gitops', directory, String(number), ...argv])}`;
}
