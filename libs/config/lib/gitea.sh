secret() { # NAME: made once, on the volume
  if [ ! -s "$data/secrets/$1" ]; then
    (umask 077 && "$gitea_program/gitea" generate secret "$2" >"$data/secrets/$1.new" && mv "$data/secrets/$1.new" "$data/secrets/$1")
  fi
  cat "$data/secrets/$1"
}

# Where browsers, clones and the runner find it: what the site says, else this container's address.
root_url() {
  if [ -s "$data/site/root-url" ]; then cat "$data/site/root-url"; else
    echo "http://${IP:-$(hostname -I | cut -d ' ' -f 1)}:8080/"
  fi
}

app_ini() {
  static=''
  [ ! -d "$gitea_program/static" ] || static="STATIC_ROOT_PATH = $gitea_program/static"
  cat <<INI
; Written by configure.sh of libs/config: change it there.
APP_NAME = pve-gitops
RUN_MODE = prod
RUN_USER = gitea
WORK_PATH = $data/gitea

[server]
HTTP_ADDR = 0.0.0.0
HTTP_PORT = 8080
ROOT_URL = $(root_url)
DISABLE_SSH = true
OFFLINE_MODE = true
LFS_START_SERVER = true
LFS_JWT_SECRET = $(secret lfs_jwt LFS_JWT_SECRET)
$static

[database]
DB_TYPE = sqlite3
PATH = $data/gitea/gitea.db
SQLITE_JOURNAL_MODE = WAL
DB_RETRIES = 1

[repository]
ROOT = $data/gitea/repositories
DEFAULT_BRANCH = main

[security]
INSTALL_LOCK = true
SECRET_KEY = $(secret secret_key SECRET_KEY)
INTERNAL_TOKEN = $(secret internal_token INTERNAL_TOKEN)

[oauth2]
JWT_SECRET = $(secret jwt JWT_SECRET)

[service]
DISABLE_REGISTRATION = true

[session]
PROVIDER = db

[actions]
ENABLED = true
DEFAULT_ACTIONS_URL = self

[indexer]
ISSUE_INDEXER_TYPE = db

[picture]
DISABLE_GRAVATAR = true

[cron.update_checker]
ENABLED = false

[migrations]
ALLOW_LOCALNETWORKS = true

[log]
MODE = console
LEVEL = Warn
INI
}

gitea_unit() {
  cat <<UNIT
[Unit]
Description=Gitea
After=network.target
RequiresMountsFor=$data
StartLimitIntervalSec=0

[Service]
User=gitea
WorkingDirectory=$data/gitea
Environment=HOME=$data/gitea USER=gitea GITEA_WORK_DIR=$data/gitea
ExecStart=$gitea_program/gitea web --config $data/gitea/app.ini
Restart=always
RestartSec=2
NoNewPrivileges=true

[Install]
WantedBy=multi-user.target
UNIT
}

as_gitea() { (cd "$data/gitea" && runuser -u gitea -- env HOME="$data/gitea" USER=gitea GITEA_WORK_DIR="$data/gitea" "$gitea_program/gitea" --config "$data/gitea/app.ini" "$@"); }

answers() { curl --silent --fail --noproxy '*' --max-time 5 --output /dev/null http://127.0.0.1:8080/api/healthz; }

# In a minute and a half, or not at all.
wait_for_gitea() {
  end=$(($(date +%s) + 90))
  until answers; do
    [ "$(date +%s)" -lt "$end" ] || return 1
    # Three deaths in a row are an answer too.
    [ "$(systemctl show -p NRestarts --value gitea)" -lt 3 ] || return 1
    sleep 0.3
  done
}

say_why() { journalctl -u gitea -n 15 --no-pager -o cat 2>/dev/null | sed 's/^/gitea: /'; }

# A new version changes the database, and the old one cannot read it then: what was there is kept until the new one answers.
run_gitea() {
  before=$data/before
  unit=/etc/systemd/system/gitea.service
  if [ -d "$before" ]; then put_back; fi
  was=$(sed -n 's/^ExecStart=\([^ ]*\)\/gitea .*/\1/p' "$data/gitea.service" 2>/dev/null || true)
  due=''
  mkdir -p "$before.new"
  cp -p "$data/gitea/app.ini" "$data/gitea.service" "$before.new/" 2>/dev/null || true
  if app_ini | write "$data/gitea/app.ini" 0600 gitea:gitea; then due=yes; fi
  if gitea_unit | write "$data/gitea.service" 0644 root:root; then due=yes; fi
  if ! cmp -s "$data/gitea.service" "$unit"; then
    cp "$data/gitea.service" "$unit"
    systemctl daemon-reload
    due=yes
  fi
  if [ -z "$due" ] && answers; then
    rm -rf "$before.new"
    systemctl enable --quiet gitea
    return 0
  fi
  began=$(date +%s%N)
  systemctl stop gitea 2>/dev/null || true
  if [ -n "$was" ] && [ "$was" != "$gitea_program" ] && [ -f "$data/gitea/gitea.db" ]; then
    cp -p "$data/gitea/gitea.db" "$before.new/"
    for more in wal shm; do [ ! -f "$data/gitea/gitea.db-$more" ] || cp -p "$data/gitea/gitea.db-$more" "$before.new/"; done
  fi
  rm -rf "$before"
  mv "$before.new" "$before"
  systemctl enable --quiet gitea
  systemctl reset-failed gitea 2>/dev/null || true
  systemctl start gitea || true
  if wait_for_gitea; then
    rm -rf "$before"
    echo "changed: Gitea $(basename "$gitea_program" | sed 's/^gitea-//') serves; it was away for $((($(date +%s%N) - began) / 1000000)) ms"
    return 0
  fi
  say_why
  if [ -f "$before/gitea.service" ]; then
    put_back && fail "Gitea of $gitea_program did not start; the one before serves again"
    fail "Gitea of $gitea_program did not start, and neither did the one before"
  fi
  rm -rf "$before"
  fail "Gitea of $gitea_program did not start"
}

# What run_gitea kept: also of a run that was killed in between.
put_back() {
  systemctl stop gitea 2>/dev/null || true
  if [ -f "$before/gitea.db" ]; then
    rm -f "$data/gitea/gitea.db" "$data/gitea/gitea.db-wal" "$data/gitea/gitea.db-shm"
    cp -p "$before"/gitea.db* "$data/gitea/"
  fi
  if [ -f "$before/gitea.service" ]; then
    cp -p "$before/app.ini" "$data/gitea/app.ini"
    cp -p "$before/gitea.service" "$data/gitea.service"
    cp "$data/gitea.service" "$unit"
    systemctl daemon-reload
  fi
  rm -rf "$before"
  [ ! -f "$unit" ] || systemctl start gitea || true
  wait_for_gitea
}
