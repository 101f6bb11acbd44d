#!/usr/bin/env bash
# ./local/run.sh: a local node on this machine, on it the control plane - Gitea at http://localhost:8080 with everything in it -
# and what its pull requests deploy to: the Proxmox VE of local/config.json or, without one, the same local node.
# ./local/run.sh NAME: deploys libs/NAME there without a forge.
# Installs what is missing and says what; --no-install only checks. What else is given goes to `pve-gitops controlplane up`, or,
# after NAME, to `pve-gitops deploy`. AUTO_DEPLOY=1 merges all pull requests, with a Proxmox VE those of the forge there.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  echo "usage: ./local/run.sh [--no-install] [options of pve-gitops controlplane up]"
  echo "       ./local/run.sh NAME [--no-install] [--simulated] [options of pve-gitops deploy]"
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
# The value of an option such as --port 8081 is no name.
if [ -n "$name" ] && [ "${rest[0]:-}" = --port ] && [[ $name =~ ^[0-9]+$ ]]; then rest=(--port "$name" "${rest[@]:1}") name=''; fi
if [ -n "$name" ] && [ ! -d "libs/${name##*/}" ]; then
  echo "error: there is no libs/${name##*/}" >&2
  usage >&2
  exit 3
fi
if [ -z "$name" ] && [ -n "$simulated" ]; then
  echo 'error: the control plane needs real containers: --simulated takes a NAME' >&2
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

if [ ! -e build/.built ] || [ -n "$(find src local actions tsconfig*.json -newer build/.built \( -name '*.ts' -o -name '*.json' \) -not -path '*/dist/*' -print -quit)" ]; then
  echo 'building'
  npm run --silent build
  touch build/.built
fi

cli=build/local/cli/main.js
start=(node start)
# The control plane's first place is this machine, wherever it deploys to.
[ -z "$name" ] || start+=(--unless-configured)
[ -z "$simulated" ] || start+=(--simulated)
if [ "$install" = yes ]; then start+=(--install); else start+=(--check); fi
node "$cli" "${start[@]}"
[ "$install" = yes ] || exit 0
[ -n "$name" ] || exec node "$cli" controlplane up ${rest[@]+"${rest[@]}"}
exec node "$cli" deploy "libs/${name##*/}" ${rest[@]+"${rest[@]}"}
