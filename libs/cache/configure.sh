#!/bin/sh
# A cache of Debian packages, apt-cacher-ng on port 3142. A second run changes nothing.
set -eu
export LC_ALL=C.UTF-8

if ! dpkg-query -W -f='${db:Status-Status}' apt-cacher-ng 2>/dev/null | grep -qx installed; then
  # It asks whether https may be tunnelled through it: no, which is its default.
  apt-get install -q -y apt-cacher-ng || { apt-get update -q && apt-get install -q -y apt-cacher-ng; }
  echo 'changed: installed apt-cacher-ng'
fi

# A new volume belongs to root.
folder=/var/cache/apt-cacher-ng
restart=no
if [ "$(stat -c '%U:%G' "$folder")" != apt-cacher-ng:apt-cacher-ng ]; then
  chown apt-cacher-ng:apt-cacher-ng "$folder"
  echo "changed: $folder belongs to apt-cacher-ng"
  restart=yes
fi

# Read last by its name: what stands here counts.
config=/etc/apt-cacher-ng/zzz_pve-gitops.conf
wanted='ExThreshold: 30'
if [ "$(cat "$config" 2>/dev/null)" != "$wanted" ]; then
  printf '%s\n' "$wanted" >"$config"
  echo "changed: wrote $config"
  restart=yes
fi

[ "$restart" = no ] || systemctl restart apt-cacher-ng
if ! systemctl is-enabled --quiet apt-cacher-ng || ! systemctl is-active --quiet apt-cacher-ng; then
  systemctl enable --quiet --now apt-cacher-ng
  echo 'changed: apt-cacher-ng is enabled and runs'
fi
