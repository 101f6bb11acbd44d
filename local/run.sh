#!/usr/bin/env bash
# ./local/run.sh NAME: deploys libs/NAME, to the Proxmox VE of local/config.json or, without one, to a local node on
# this machine. Installs what is missing and says what; --no-install only checks. Everything after NAME goes to
# `pve-gitops deploy`.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  echo "usage: ./local/run.sh NAME [--no-install] [--simulated] [options of pve-gitops deploy]"
  echo "       NAME is a directory below libs/: $(cd libs && echo */ | tr -d /)"
}

name='' install=yes simulated='' rest=()
for argument in "$@"; do
  case $argument in
    --no-install) install=no ;;
    --simulated) simulated=yes ;;
    -h | --help) usage && exit 0 ;;
    -*) rest+=("$argument") ;;
    *) if [ -z "$name" ]; then name=$argument; else rest+=("$argument"); fi ;;
  esac
done
if [ -z "$name" ] || [ ! -d "libs/${name##*/}" ]; then
  [ -z "$name" ] || echo "error: there is no libs/${name##*/}" >&2
  usage >&2
  exit 3
fi

if ! command -v node >/dev/null || ! node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)'; then
  echo 'error: Node 20 or newer is needed (https://nodejs.org, or your distribution)' >&2
  exit 3
fi

# The lock file that npm writes into node_modules is as new as the last installation.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  if [ "$install" = no ]; then
    echo 'missing: npm packages (npm ci)' >&2
    exit 3
  fi
  echo 'installing: npm packages (npm ci)'
  npm ci --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
fi

if [ ! -e build/.tsbuildinfo ] || [ -n "$(find src local actions tsconfig*.json -newer build/.tsbuildinfo \( -name '*.ts' -o -name '*.json' \) -not -path '*/dist/*' -print -quit)" ]; then
  echo 'building'
  npm run --silent build
  touch build/.tsbuildinfo
fi

cli=build/local/cli/main.js
start=(node start --unless-configured)
[ -z "$simulated" ] || start+=(--simulated)
if [ "$install" = yes ]; then start+=(--install); else start+=(--check); fi
node "$cli" "${start[@]}"
[ "$install" = yes ] || exit 0
exec node "$cli" deploy "libs/${name##*/}" ${rest[@]+"${rest[@]}"}
