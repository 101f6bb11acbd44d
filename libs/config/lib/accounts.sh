# The numbers are fixed: what the volume holds belongs to the same accounts in the next container.
ensure_account() { # NAME NUMBER HOME
  getent group "$1" >/dev/null || groupadd --system --gid "$2" "$1"
  getent passwd "$1" >/dev/null ||
    useradd --system --uid "$2" --gid "$2" --home-dir "$3" --no-create-home --shell /bin/bash "$1"
}

ensure_accounts() {
  ensure_account gitea 941 "$data/gitea"
  ensure_account runner 942 "$data/runner"
  folder "$data" 0755 root:root
  folder "$data/gitea" 0750 gitea:gitea
  folder "$data/runner" 0700 runner:runner
  folder "$data/secrets" 0700 root:root
  folder "$data/programs" 0755 root:root
  folder "$data/site" 0750 root:runner
  folder "$data/state" 0700 runner:runner
}

# What the command line lays beside the definition: where the runs' Proxmox VE is, and the site's keys. Once here it stays,
# so that a deploy from the forge, which has none of it, keeps it.
take_site_files() {
  for file in config.json ca.pem root-url auto-deploy; do
    [ -f "site/$file" ] || continue
    if write "$data/site/$file" 0640 root:runner <"site/$file"; then echo "changed: took $file of the site"; fi
  done
  # Who lays the site's settings here says each time whether AUTO_DEPLOY is wanted.
  if [ -f site/config.json ] && [ ! -f site/auto-deploy ] && [ -f "$data/site/auto-deploy" ]; then
    rm "$data/site/auto-deploy"
    echo 'changed: pull requests wait for people'
  fi
  for file in site/ca/*; do
    [ -f "$file" ] || continue
    folder "$data/state/ca" 0700 runner:runner
    if write "$data/state/ca/${file##*/}" 0600 runner:runner <"$file"; then echo "changed: took the site's key ${file##*/}"; fi
  done
  if [ "$(readlink /etc/pve-gitops 2>/dev/null)" != "$data/site" ]; then
    ln -sfnT "$data/site" /etc/pve-gitops
    echo 'changed: /etc/pve-gitops is on the volume'
  fi
}
