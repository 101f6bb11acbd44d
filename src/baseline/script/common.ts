/**
 * Words the other parts use. The texts in this folder are POSIX sh. They avoid `$` before a brace, so that they stand here as
 * they run. What they say on standard output is the protocol of src/model/script-report.ts.
 */
export const COMMON = String.raw`
set -eu
umask 022
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none
export NEEDRESTART_SUSPEND=1 UCF_FORCE_CONFFOLD=1

changed() { printf 'changed: %s\n' "$*"; }
warning() { printf 'warning: %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*"; exit 1; }
# a setting is wrong, as against: something here did not work
refuse() { printf 'error: %s\n' "$*"; exit 3; }

# os_value KEY: one value of /etc/os-release, which is read and never sourced
os_value() { sed -n "s/^$1=//p" /etc/os-release | tr -d '"'; }

# put PATH MODE OWNER:GROUP TEXT: a whole file of ours; true when it had to be written
put() {
  if [ -f "$1" ] && [ "$(stat -c '%a %U:%G' "$1")" = "$2 $3" ] && [ "$(cat "$1")" = "$4" ]; then return 1; fi
  printf '%s\n' "$4" >"$1.pve-gitops-new"
  chown "$3" "$1.pve-gitops-new"
  chmod "$2" "$1.pve-gitops-new"
  mv -f "$1.pve-gitops-new" "$1"
  changed "wrote $1"
}

# folder PATH MODE OWNER:GROUP
folder() {
  if [ -d "$1" ] && [ "$(stat -c '%a %U:%G' "$1")" = "$2 $3" ]; then return 0; fi
  mkdir -p "$1"
  chown "$3" "$1"
  chmod "$2" "$1"
  changed "folder $1 is $3 $2"
}
`;
