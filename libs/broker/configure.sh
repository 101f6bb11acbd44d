#!/bin/sh
# An MQTT broker, mosquitto on port 1883, for the site's login and nobody else. A second run changes nothing.
set -eu
export LC_ALL=C.UTF-8

passwords=/etc/mosquitto/passwords
stamp=/etc/mosquitto/passwords.stamp
config=/etc/mosquitto/conf.d/broker.conf

LOGIN=${LOGIN:-} PASSWORD=${PASSWORD:-}
if [ -z "$LOGIN" ] || [ -z "$PASSWORD" ]; then
  echo 'error: the broker needs a login and a password: set LOGIN and PASSWORD in your settings'
  exit 1
fi
# One line in the password file, with a colon between the two.
case $LOGIN in *:*) echo 'error: LOGIN holds a colon, which mosquitto cannot take'; exit 1 ;; esac
if [ "$(printf '%s%s' "$LOGIN" "$PASSWORD" | wc -l)" != 0 ]; then
  echo 'error: LOGIN or PASSWORD holds a line break, which mosquitto cannot take'
  exit 1
fi

if ! dpkg-query -W -f='${db:Status-Status}' mosquitto 2>/dev/null | grep -qx installed; then
  # The package lists may be missing or old: fetched only when they do not do.
  apt-get install -q -y mosquitto || { apt-get update -q && apt-get install -q -y mosquitto; }
  echo 'changed: installed mosquitto'
fi

# Hashes are salted, so the file is never the same twice: the stamp says whether this login made the file that is there.
# printf is the shell's own here: neither login nor password is ever on a command line.
fingerprint() { { printf '%s:%s\n' "$LOGIN" "$PASSWORD"; cat "$passwords"; } | sha256sum | cut -d ' ' -f 1; }
action=
if [ ! -f "$passwords" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$(fingerprint)" ]; then
  new=$(mktemp)
  printf '%s:%s\n' "$LOGIN" "$PASSWORD" >"$new"
  mosquitto_passwd -U "$new"
  chown root:mosquitto "$new"
  chmod 640 "$new"
  mv "$new" "$passwords"
  (umask 077 && fingerprint >"$stamp")
  echo "changed: wrote $passwords"
  action=reload
fi

wanted="listener 1883
allow_anonymous false
password_file $passwords"
if [ "$(cat "$config" 2>/dev/null)" != "$wanted" ]; then
  printf '%s\n' "$wanted" >"$config"
  echo "changed: wrote $config"
  # New listeners need a restart; new passwords only a reload.
  action=restart
fi

if ! systemctl is-enabled --quiet mosquitto; then
  systemctl enable --quiet mosquitto
  echo 'changed: mosquitto is enabled'
fi
if ! systemctl is-active --quiet mosquitto; then
  action=restart
fi
if [ -n "$action" ]; then
  systemctl "$action" mosquitto
  echo "changed: mosquitto, $action"
fi
