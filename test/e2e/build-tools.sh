#!/usr/bin/env bash
# Gitea and its runner, built from their published Go modules for the end-to-end tests and kept in a cache.
#
#   GITEA_BINARY, RUNNER_BINARY   use these programs instead and build nothing
#   GITEA_STATIC_ROOT             templates, options and public of a GITEA_BINARY built without them
#   XDG_CACHE_HOME                where the cache lives (default ~/.cache)
#   E2E_BUILD_JOBS                parallel compilations (default 2)
#
# With --check nothing is built: it ends with 0 when all is there that the build needs, else with 1 and what is missing.
# Progress goes to standard error. Standard output is three lines, NAME=value: GITEA_BINARY, RUNNER_BINARY and
# GITEA_STATIC_ROOT (empty for a GITEA_BINARY that brings its own). Installs nothing; a missing tool is named.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/pve-gitops/e2e-tools
recipe=1 # raise it when the build below changes: pins and recipe decide which cached build is used
unfinished='' ticker=''
check=''
if [ "${1:-}" = --check ]; then check=yes; fi
export GOTOOLCHAIN=local GOWORK=off GOFLAGS=-buildvcs=false

say() { printf '%s\n' "$*" >&2; }
fail() { say "Unable to provide the tools of the end-to-end tests: $1"; exit 1; }

stop_ticker() { if [ -n "$ticker" ]; then kill "$ticker" 2>/dev/null || true; ticker=''; fi; }
cleanup() { stop_ticker; if [ -n "$unfinished" ]; then rm -rf -- "$unfinished"; fi; }
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

need() { command -v "$1" >/dev/null || fail "$1 is missing ($2). Install it, or set GITEA_BINARY and RUNNER_BINARY."; }

# A line every 20 seconds, so that neither a person nor a CI takes a silent compiler for a stuck one.
tick() {
  ( trap - EXIT; while sleep 20 2>/dev/null; do say "  … $1, ${SECONDS} s so far"; done ) </dev/null >/dev/null &
  ticker=$!
}

# One folder per tool, named by what decides its content.
folder_of() {
  local sum
  sum=$(cd "$here/tools/$1" && { uname -sm; echo "$recipe"; cat go.mod go.sum; } | sha256sum | cut -c1-16)
  printf '%s/%s-%s\n' "$cache" "$1" "$sum"
}

# build <tool> <module> <go build arguments…>: leaves the finished folder in $folder.
build() {
  local tool=$1 module=$2 version started=$SECONDS
  shift 2
  folder=$(folder_of "$tool")
  if [ -x "$folder/$tool" ]; then [ -n "$check" ] || say "$tool: cached in $folder"; return 0; fi
  need go "compiles $tool; the version is in test/e2e/tools/$tool/go.mod"
  if [ -n "$check" ]; then
    (cd "$here/tools/$tool" && go list -m >/dev/null 2>&1) || fail "$(go version) is too old for test/e2e/tools/$tool/go.mod."
    return 0
  fi
  mkdir -p "$cache"
  unfinished=$(mktemp -d "$folder.XXXXXX")
  cd "$here/tools/$tool"
  tick "building $tool"
  say "$tool: downloading modules"
  version=$(go list -mod=readonly -m -f '{{.Version}}' "$module")
  go mod download "$module"
  say "$tool: compiling $module $version"
  nice -n 15 go build -mod=readonly -trimpath -p "${E2E_BUILD_JOBS:-2}" "${@//@version@/${version#v}}" \
    -o "$unfinished/$tool" "$module" >&2 || fail "$module $version does not build, see above."
  stop_ticker
  if [ "$tool" = gitea ]; then copy_static "$(go list -mod=readonly -m -f '{{.Dir}}' "$module")"; fi
  # Another run may have been faster: its folder is as good as ours.
  mv -T -- "$unfinished" "$folder" 2>/dev/null || [ -x "$folder/$tool" ] || fail "$folder cannot be written."
  rm -rf -- "$unfinished"
  unfinished=''
  say "$tool: built in $((SECONDS - started)) s, $(du -h "$folder/$tool" | cut -f1) in $folder"
}

# Gitea without `bindata` reads these at run time; a copy keeps the cache whole when the module cache is cleaned.
copy_static() {
  mkdir "$unfinished/static"
  cp -R -- "$1/templates" "$1/options" "$1/public" "$unfinished/static/"
  chmod -R u+w "$unfinished"
}

need git "Gitea runs it"
need sha256sum "names the cache folders"
if [ -z "${RUNNER_BINARY:-}" ]; then
  build runner gitea.com/gitea/runner -ldflags '-s -w -X gitea.com/gitea/runner/internal/pkg/ver.version=v@version@'
  RUNNER_BINARY=$folder/runner
fi
if [ -z "${GITEA_BINARY:-}" ]; then
  if [ ! -x "$(folder_of gitea)/gitea" ]; then need gcc 'compiles the SQLite in Gitea'; fi
  export CGO_ENABLED=1
  build gitea code.gitea.io/gitea -tags 'sqlite sqlite_unlock_notify' -ldflags '-s -w -X main.Version=@version@'
  GITEA_BINARY=$folder/gitea
  GITEA_STATIC_ROOT=$folder/static
fi
if [ -n "$check" ]; then exit 0; fi

[ -x "$GITEA_BINARY" ] || fail "GITEA_BINARY $GITEA_BINARY is not a program."
[ -x "$RUNNER_BINARY" ] || fail "RUNNER_BINARY $RUNNER_BINARY is not a program."
say "$("$GITEA_BINARY" --version)"
say "$("$RUNNER_BINARY" --version)"
printf '%s\n' "GITEA_BINARY=$GITEA_BINARY" "RUNNER_BINARY=$RUNNER_BINARY" "GITEA_STATIC_ROOT=${GITEA_STATIC_ROOT:-}"
