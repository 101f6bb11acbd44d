# An account for the bootstrap and one for people. No password is ever an argument: others could read it.
ensure_people() {
  if [ ! -s "$data/secrets/token" ]; then
    as_gitea admin user create --username gitops --email gitops@localhost.invalid --admin --random-password \
      --must-change-password=false >/dev/null 2>&1 || true
    access_token token control-plane all
    echo 'changed: Gitea has the account gitops'
  fi
  # Runs of srv/config read every repository, set statuses and move branches: no more than that.
  [ -s "$data/secrets/tasks-token" ] || access_token tasks-token tasks write:repository
  login=${LOGIN:-operator}
  if [ -n "${PASSWORD:-}" ]; then
    printf '%s\n' "$PASSWORD" >"$data/secrets/wanted"
  else
    [ -s "$data/secrets/password" ] || (umask 077 && "$gitea_program/gitea" generate secret JWT_SECRET | cut -c 1-24 >"$data/secrets/password")
    cp "$data/secrets/password" "$data/secrets/wanted"
  fi
  chmod 0600 "$data/secrets/wanted"
  stamp=$({ printf '%s\n' "$login"; cat "$data/secrets/wanted"; cat "$data/secrets/secret_key"; } | sha256sum | cut -d ' ' -f 1)
  if [ "$(cat "$data/secrets/people" 2>/dev/null)" != "$stamp" ]; then
    if ! api "/users/$login" >/dev/null 2>&1; then
      made=$(as_gitea admin user create --username "$login" --email "$login@localhost.invalid" --admin --random-password \
        --must-change-password=false 2>&1) || fail "Gitea does not take the login $login: $(printf '%s' "$made" | grep -v 'generated random' | tail -n 1)"
    fi
    node -e 'const [login, file] = process.argv.slice(1); console.log(JSON.stringify({ login_name: login, source_id: 0, password: require("fs").readFileSync(file, "utf8").slice(0, -1), must_change_password: false }))' \
      "$login" "$data/secrets/wanted" | api "/admin/users/$login" -X PATCH -H 'content-type: application/json' --data-binary @- >/dev/null ||
      fail "Gitea does not take the password of $login: it needs 8 characters"
    printf '%s\n' "$login" >"$data/secrets/login"
    printf '%s\n' "$stamp" >"$data/secrets/people"
    echo "changed: $login may sign in"
  fi
  rm -f "$data/secrets/wanted"
}

access_token() { # FILE NAME SCOPES
  token=$(as_gitea admin user generate-access-token --username gitops --token-name "$2-$(date +%s)" --scopes "$3" --raw | grep -Ex '[0-9a-f]{40}') ||
    fail 'Gitea made no token for the account gitops'
  printf '%s\n' "$token" | write "$data/secrets/$1" 0600 root:root || true
}

api() { # PATH [options of curl]; the token comes by a file
  path=$1
  shift
  printf 'header = "authorization: token %s"\n' "$(cat "$data/secrets/token")" >"$data/secrets/curl"
  chmod 0600 "$data/secrets/curl"
  curl --silent --show-error --fail --noproxy '*' --max-time 30 --config "$data/secrets/curl" "$@" "http://127.0.0.1:8080/api/v1$path"
}

runner_unit() {
  cat <<UNIT
[Unit]
Description=Gitea runner (host mode, label shell)
After=gitea.service
RequiresMountsFor=$data
StartLimitIntervalSec=0

[Service]
User=runner
WorkingDirectory=$data/runner
Environment=HOME=$data/runner LANG=C.UTF-8
ExecStart=$runner_program/runner --config $data/runner/config.yaml daemon
Restart=always
RestartSec=2
# The runner alone hears of the stop, and lets its job end first.
KillMode=mixed
TimeoutStopSec=3700
NoNewPrivileges=true

[Install]
WantedBy=multi-user.target
UNIT
}

runner_config() {
  cat <<YAML
log: { level: info }
runner:
  file: $data/runner/.runner
  capacity: 1
  timeout: 1h
  shutdown_timeout: 1h
  fetch_interval: 1s
  fetch_interval_max: 2s
  log_report_interval: 1s
  state_report_interval: 2s
  labels: [ "shell:host" ]
cache: { enabled: false }
host: { workdir_parent: /var/cache/gitea-runner }
YAML
}

# What the runner is not given it asks for: the token comes by its standard input.
register() { # INSTANCE
  said=$(cd "$data/runner" && printf '%s\n' "$token" | timeout 60 runuser -u runner -- env HOME="$data/runner" "$runner_program/runner" \
    --config "$data/runner/config.yaml" register --instance "$1" --name "$HOSTNAME" --labels shell:host 2>&1) && [ -s "$data/runner/.runner" ]
}

# A job may be what runs this script: the runner is never stopped under it, it restarts when it has nothing to do.
run_runner() {
  due=''
  folder /var/cache/gitea-runner 0700 runner:runner
  doorway
  if runner_config | write "$data/runner/config.yaml" 0600 runner:runner; then due=yes; fi
  instance=$(root_url)
  instance=${instance%/}
  if [ "$(sed -n 's/.*"address": *"\([^"]*\)".*/\1/p' "$data/runner/.runner" 2>/dev/null)" != "$instance" ]; then
    token=$(as_gitea actions generate-runner-token | grep -Ex '[A-Za-z0-9]{40}') || fail 'Gitea gave no token for its runner'
    rm -f "$data/runner/.runner"
    # Where the address still leads to the container that this one is to replace, Gitea here is found as this machine's own.
    register "$instance" || { instance=http://127.0.0.1:8080 && register "$instance"; } ||
      fail "the runner cannot register at $instance: $(printf '%s' "$said" | tail -n 1)"
    due=yes
    echo "changed: the runner is registered at $instance"
  fi
  if runner_unit | write /etc/systemd/system/gitea-runner.service 0644 root:root; then
    systemctl daemon-reload
    due=yes
  fi
  systemctl enable --quiet gitea-runner
  if [ -n "$due" ] || ! systemctl is-active --quiet gitea-runner; then
    if systemctl is-active --quiet gitea-runner; then systemctl --no-block restart gitea-runner; else systemctl start gitea-runner; fi
    echo 'changed: the runner has its settings'
  fi
}

# Behind http://localhost:PORT of the machine that forwards to this container, runs have to find the same Gitea.
doorway() {
  port=$(root_url | sed -n 's|^http://localhost:\([0-9]*\)/$|\1|p')
  if [ -z "$port" ] || [ "$port" = 8080 ]; then
    if [ -f /etc/systemd/system/gitea-door.socket ]; then
      systemctl disable --quiet --now gitea-door.socket gitea-door.service || true
      rm -f /etc/systemd/system/gitea-door.socket /etc/systemd/system/gitea-door.service
      systemctl daemon-reload
    fi
    return 0
  fi
  printf '[Socket]\nListenStream=127.0.0.1:%s\nListenStream=[::1]:%s\n[Install]\nWantedBy=sockets.target\n' "$port" "$port" |
    write /etc/systemd/system/gitea-door.socket 0644 root:root && door=new || door=''
  printf '[Unit]\nRequires=gitea-door.socket\n[Service]\nExecStart=/usr/lib/systemd/systemd-socket-proxyd 127.0.0.1:8080\nDynamicUser=no\nUser=gitea\n' |
    write /etc/systemd/system/gitea-door.service 0644 root:root && door=new || true
  if [ -n "$door" ]; then
    systemctl daemon-reload
    systemctl stop gitea-door.service gitea-door.socket 2>/dev/null || true
    systemctl enable --quiet --now gitea-door.socket
    echo "changed: port $port leads to Gitea too"
  fi
}
