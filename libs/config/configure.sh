#!/bin/sh
# Gitea, its runner and what a run needs (Node, git, OpenSSH). A second run changes nothing.
# What has to outlive the container is below $data, a kept volume; docs/control-plane.md says what is where.
set -eu
export LC_ALL=C.UTF-8
data=/srv/control-plane
for part in lib/packages.sh lib/programs.sh lib/accounts.sh lib/gitea.sh lib/runner.sh; do . "./$part"; done

fail() { echo "error: $*"; exit 1; }
# write FILE MODE OWNER: standard input becomes the file's content, whole or not at all. Succeeds when that changed it.
write() {
  (umask 077 && cat >"$1.new")
  chown "$3" "$1.new"
  chmod "$2" "$1.new"
  if [ -f "$1" ] && cmp -s "$1" "$1.new" && [ "$(stat -c '%a %U:%G' "$1")" = "${2#0} $3" ]; then
    rm "$1.new"
    return 1
  fi
  mv "$1.new" "$1"
}
# folder PATH MODE OWNER
folder() { [ -d "$1" ] || mkdir -p "$1"; chmod "$2" "$1"; chown "$3" "$1"; }
value() { sed -n "s/^$1=//p" versions.env; }

install_packages
ensure_accounts
take_site_files
install_program gitea "$(value GITEA_VERSION)" "$(value GITEA_URL)" "$(value "GITEA_SHA256_$(dpkg --print-architecture)")"
gitea_program=$program
install_program runner "$(value RUNNER_VERSION)" "$(value RUNNER_URL)" "$(value "RUNNER_SHA256_$(dpkg --print-architecture)")"
runner_program=$program
run_gitea
ensure_people
run_runner
forget_old_programs
