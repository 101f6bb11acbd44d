# Node 20 or newer is in Debian 13.
install_packages() {
  missing=''
  for package in nodejs git openssh-client curl ca-certificates sqlite3; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
  done
  if [ -n "$missing" ]; then
    # shellcheck disable=SC2086
    apt-get install -q -y --no-install-recommends $missing || {
      apt-get update -q && apt-get install -q -y --no-install-recommends $missing
    }
    echo "changed: installed$missing"
  fi
  node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' ||
    fail "Node 20 or newer is needed, this Debian has $(node --version): use template debian-13"
}
