/**
 * What runs a definition's script inside a container: bash, given by `-c`, so that standard input is free for environment
 * and archive. It avoids `$` before a brace, so that it stands here as it runs.
 *
 * Arguments: bytes of the environment at the head of standard input, seconds to wait for another run, seconds the script
 * may take (waiting included), the script's name.
 *
 * The script's two outputs go to standard output, in their order. Standard error carries only our own words, one a line,
 * `pve-gitops: WORD REST`; `ended CODE` comes when the script has ended by itself.
 *
 * Whoever ends the runner (the SSH adapter does, when its connection ends) ends the script: with TERM, and with KILL when it
 * has not gone after 1.5 s. Where nobody ends it the script runs on: tee -p reads on when nobody listens any more, and the
 * next run waits for the lock.
 */
export const GUEST_RUNNER = String.raw`
bytes=$1 wait=$2 limit=$3 script=$4
umask 077
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
say() { printf 'pve-gitops: %s\n' "$*" >&2; }
root=/run/pve-gitops
mkdir -p -m 711 "$root" && exec 9>>"$root/lock" || { say refused "cannot write to $root"; exit 73; }

if ! flock -n 9; then
  say waiting "$(cat "$root/lock")"
  flock -w "$wait" 9 || { say locked "$(cat "$root/lock")"; exit 75; }
fi
printf 'process %s, since %s\n' $$ "$(date -u '+%F %T UTC')" >"$root/lock"

# Always the same path, so that a script which writes $DIR down writes the same each time.
work=$root/configure
trap 'rm -rf "$work"' EXIT
trap 'exit 143' HUP INT TERM PIPE
script_process=''
# timeout, which the script runs under, leads a process group of its own and hands TERM on to it.
stop() {
  kill -s TERM "$script_process"
  for _ in $(seq 75); do kill -s 0 "$script_process" || break; sleep 0.02; done
  kill -s KILL -- "-$script_process"
  exit 143
} 2>/dev/null
rm -rf "$work"
mkdir -p "$work/definition"
head -c "$bytes" >"$work/environment" && [ "$(stat -c %s "$work/environment")" = "$bytes" ] &&
  tar --extract --no-same-owner --directory "$work/definition" || { say refused 'the definition arrived incomplete'; exit 74; }

cd "$work/definition" || exit 74
[ -f "$script" ] || { say refused "there is no $script in the definition"; exit 66; }
# The first line is read here because /run may be mounted noexec, and so that the file needs no executable bit.
read -r interpreter argument < <(head -n 1 "$script" | tr -d '\0' | sed -n 's/^#! *//p')
case $interpreter$argument in *$'\r') say refused "$script has Windows line ends"; exit 65 ;; esac
[ -n "$interpreter" ] || interpreter=/bin/bash
[ -x "$interpreter" ] || { say refused "$script asks for $interpreter, which is not in the container"; exit 69; }

# For every apt of the script: wait for locks, try downloads again, never ask.
cat >"$work/apt.conf" <<'END'
APT::Get::Assume-Yes "true";
Acquire::Retries "3";
Acquire::http::Timeout "30";
DPkg::Lock::Timeout "300";
Dpkg::Use-Pty "0";
DPkg::Options { "--force-confdef"; "--force-confold"; };
END

mkfifo "$work/output"
(trap '' TERM && exec tee -p /dev/null) <"$work/output" 2>/dev/null 9>&- &
relay=$!
limit=$((limit - SECONDS))
trap stop HUP INT TERM PIPE
(
  unset $(compgen -e)
  export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root USER=root LOGNAME=root SHELL=/bin/bash
  export LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1 UCF_FORCE_CONFFOLD=1
  cd "$work/definition"
  export APT_CONFIG=$work/apt.conf DIR=$PWD PWD
  while IFS= read -r -d '' pair; do export "$pair"; done <"$work/environment"
  rm -f "$work/environment"
  umask 022
  # A run that was killed in the middle of dpkg left its journal: apt refuses to work before it is played.
  [ -z "$(ls /var/lib/dpkg/updates 2>/dev/null)" ] || dpkg --configure -a --force-confdef --force-confold || :
  set -- "$interpreter" "$argument" "./$script"
  [ -n "$2" ] || set -- "$1" "$3"
  exec timeout --kill-after=10 "$limit" "$@"
) </dev/null >"$work/output" 2>&1 9>&- &
script_process=$!
wait $script_process
code=$?
trap 'exit 143' HUP INT TERM PIPE
late=$SECONDS

# A process that the script left behind may hold the output open: what is written by now is read, no more.
for _ in $(seq 100); do kill -0 $relay 2>/dev/null || break; sleep 0.02; done
if kill -s KILL $relay 2>/dev/null; then say left; fi
if { [ $code = 124 ] || [ $code = 137 ]; } && [ $((late + 1)) -ge "$3" ]; then say late; else say ended $code; fi
exit $code
`;
