#!/bin/sh
# A cache of Debian packages, apt-cacher-ng on port 3142. A second run changes nothing.
set -eu
export LC_ALL=C.UTF-8

# A new volume belongs to root, and the package starts its service at once: the account that it would make comes first.
name=apt-cacher-ng
folder=/var/cache/$name
restart=no
if ! id "$name" >/dev/null 2>&1; then
  useradd --system --user-group --home-dir "$folder" --no-create-home --shell /usr/sbin/nologin "$name"
  echo "changed: account $name"
fi
if [ "$(stat -c '%U:%G' "$folder")" != "$name:$name" ]; then
  chown "$name:$name" "$folder"
  echo "changed: $folder belongs to $name"
  restart=yes
fi

if ! dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed; then
  # It asks whether https may be tunnelled through it: no, which is its default.
  apt-get install -q -y "$name" || { apt-get update -q && apt-get install -q -y "$name"; }
  echo "changed: installed $name"
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
