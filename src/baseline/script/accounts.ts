/**
 * The users app and config. Their ids are fixed where they are free: volumes and shares keep their owners when a root file
 * system is made again, and in all containers of a site.
 */
export const ACCOUNTS = String.raw`
# group NAME ID
group() {
  if getent group "$1" >/dev/null; then return 0; fi
  if getent group "$2" >/dev/null; then
    groupadd "$1"
    warning "group $1 has the id $(getent group "$1" | cut -d: -f3): $2 is taken"
  else
    groupadd --gid "$2" "$1"
  fi
  changed "group $1"
}

# user NAME ID GROUP HOME SHELL: without password; no subordinate ids, nothing in here nests by itself
user() {
  if entry=$(getent passwd "$1"); then
    [ "$(printf '%s' "$entry" | cut -d: -f6,7)" = "$4:$5" ] && return 0
    if told=$(usermod --home "$4" --shell "$5" "$1" 2>&1); then changed "user $1 has home $4 and shell $5"
    else warning "user $1 keeps its home and shell: $told"; fi
    return 0
  fi
  set -- "$@" --uid "$2"
  if getent passwd "$2" >/dev/null; then
    warning "user $1 does not get the id $2: it is taken"
    set -- "$1" "$2" "$3" "$4" "$5"
  fi
  name=$1 main=$3 home=$4 shell=$5
  shift 5
  useradd "$@" --gid "$main" --home-dir "$home" --no-create-home --shell "$shell" --password '*' -K SUB_UID_COUNT=0 -K SUB_GID_COUNT=0 "$name"
  changed "user $name"
}

# member USER GROUP
member() {
  case " $(id -nG "$1") " in *" $2 "*) return 0 ;; esac
  usermod --append --groups "$2" "$1"
  changed "user $1 is in group $2"
}

accounts() {
  group app 1000
  group config 1001
  user app 1000 app /app /usr/sbin/nologin
  user config 1001 config /home/config /bin/bash
  member app config
  member config config
  folder /app 755 app:config
  folder /home/config 750 config:config
  sudo_rule
}

# Checked before it is put in place: a broken file in sudoers.d stops sudo for everybody.
sudo_rule() {
  rule='config ALL=(ALL:ALL) NOPASSWD: ALL'
  printf '%s\n' "$rule" | visudo -c -q -f - || fail 'visudo refuses the rule for config'
  put /etc/sudoers.d/pve-gitops 440 root:root "$rule" || true
}
`;
