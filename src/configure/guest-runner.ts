/**
 * What runs an engine's programs inside a container: bash, given by `-c`, so that standard input is free for environment,
 * the engine's own files and archive.
 *
 * Arguments: bytes of the environment and of the engine's own files at the head of standard input, seconds to wait for
 * another run, seconds the programs may take (waiting included); then for each stage, one after the other: its name, `once`
 * or `always`, how many words its command has, and these. A command that begins with `./` is a script of the definition,
 * and its first line says what runs it. A stage with `once` is left out where it has ended well on this root file system.
 *
 * The engine's own files lie in $PVE_GITOPS_KIT, and what a program writes to $PVE_GITOPS_REPORT, line by line, comes back as
 * words of ours; both variables are there only when the engine has files.
 *
 * The programs' two outputs go to standard output, in their order. Standard error carries only our own words, one a line,
 * `pve-gitops: WORD REST`; `ended CODE` comes when the last of them has ended by itself.
 *
 * Whoever ends the runner (the SSH adapter does, when its connection ends) ends the program: with TERM, and with KILL when it
 * has not gone after 1.5 s. Where nobody ends it the program runs on: tee -p reads on when nobody listens any more, and the
 * next run waits for the lock.
 */
export const GUEST_RUNNER = String.raw`
bytes=$1 kit_bytes=$2 wait=$3 limit=$4 all=$4
shift 4
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
# timeout, which a program runs under, leads a process group of its own and hands TERM on to it.
stop() {
  kill -s TERM "$script_process"
  for _ in $(seq 75); do kill -s 0 "$script_process" || break; sleep 0.02; done
  kill -s KILL -- "-$script_process"
  exit 143
} 2>/dev/null
# arrive BYTES FILE
arrive() { head -c "$1" >"$2" && [ "$(stat -c %s "$2")" = "$1" ]; }
rm -rf "$work"
mkdir -p "$work/definition" "$work/kit"
arrive "$bytes" "$work/environment" && arrive "$kit_bytes" "$work/kit.files" &&
  tar --extract --no-same-owner --directory "$work/definition" || { say refused 'the definition arrived incomplete'; exit 74; }
while IFS= read -r -d '' file && IFS= read -r -d '' text; do
  mkdir -p "$work/kit/$(dirname "$file")"
  printf '%s' "$text" >"$work/kit/$file"
done <"$work/kit.files"
pairs=()
while IFS= read -r -d '' pair; do pairs+=("$pair"); done <"$work/environment"
[ "$kit_bytes" = 0 ] || pairs+=("PVE_GITOPS_KIT=$work/kit" "PVE_GITOPS_REPORT=$work/report")
rm -f "$work/environment" "$work/kit.files"

# For every apt of a program: wait for locks, try downloads again, never ask.
cat >"$work/apt.conf" <<'END'
APT::Get::Assume-Yes "true";
Acquire::Retries "3";
Acquire::http::Timeout "30";
DPkg::Lock::Timeout "300";
Dpkg::Use-Pty "0";
DPkg::Options { "--force-confdef"; "--force-confold"; };
END

# interpret SCRIPT: command becomes what runs it. Its first line is read here because /run may be mounted noexec, and so that
# the file needs no executable bit.
interpret() {
  local file=$1 name interpreter argument
  name=$(basename "$file")
  [ -f "$file" ] || { say refused "there is no $name in the definition"; exit 66; }
  read -r interpreter argument < <(head -n 1 "$file" | tr -d '\0' | sed -n 's/^#! *//p')
  case $interpreter$argument in *$'\r') say refused "$name has Windows line ends"; exit 65 ;; esac
  [ -n "$interpreter" ] || interpreter=/bin/bash
  [ -x "$interpreter" ] || { say refused "$name asks for $interpreter, which is not in the container"; exit 69; }
  shift
  set -- "$interpreter" "$argument" "$file" "$@"
  if [ -n "$2" ]; then command=("$@"); else shift 2; command=("$interpreter" "$@"); fi
}

# One program, its end in $code.
perform() {
  trap stop HUP INT TERM PIPE
  (
    unset $(compgen -e)
    export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root USER=root LOGNAME=root SHELL=/bin/bash
    export LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1 UCF_FORCE_CONFFOLD=1
    cd "$work/definition"
    export APT_CONFIG=$work/apt.conf DIR=$PWD PWD
    for pair in "@{pairs[@]}"; do export "$pair"; done
    umask 022
    # A run that was killed in the middle of dpkg left its journal: apt refuses to work before it is played.
    [ -z "$(ls /var/lib/dpkg/updates 2>/dev/null)" ] || dpkg --configure -a --force-confdef --force-confold || :
    exec timeout --kill-after=10 "$((limit - SECONDS > 0 ? limit - SECONDS : 1))" "$@"
  ) </dev/null >&8 2>&1 8>&- 9>&- &
  script_process=$!
  wait $script_process
  code=$?
  trap 'exit 143' HUP INT TERM PIPE
}

cd "$work/definition" || exit 74
mkfifo "$work/output"
(trap '' TERM && exec tee -p /dev/null) <"$work/output" 2>/dev/null 9>&- &
relay=$!
exec 8>"$work/output"
code=0
while [ $# -gt 0 ]; do
  name=$1 once=$2 count=$3 note=/var/lib/pve-gitops/once/$1
  shift 3
  command=()
  for _ in $(seq "$count"); do command+=("$1"); shift; done
  if [ "$once" = once ] && [ -e "$note" ]; then say skipped "$name"; continue; fi
  say stage "$name"
  case $command in ./*) interpret "@{command[@]}" ;; esac
  perform "@{command[@]}"
  [ $code = 0 ] || break
  if [ "$once" = once ]; then mkdir -p "$(dirname "$note")" && date -u '+%F %T UTC' >"$note"; fi
done
exec 8>&-
late=$SECONDS

# A process that a program left behind may hold the output open: what is written by now is read, no more.
for _ in $(seq 100); do kill -0 $relay 2>/dev/null || break; sleep 0.02; done
if kill -s KILL $relay 2>/dev/null; then say left; fi
if [ -s "$work/report" ]; then
  while IFS= read -r line || [ -n "$line" ]; do say report "$line"; done < <(head -c 1000000 "$work/report")
fi
if { [ $code = 124 ] || [ $code = 137 ]; } && [ $((late + 1)) -ge "$all" ]; then say late; else say ended $code; fi
exit $code
`.replaceAll('@{', '$\u007b');
