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
# They become one line, LOGIN:PASSWORD, which mosquitto trims.
if [ "$(printf '%s%s' "$LOGIN" "$PASSWORD" | wc -l)" != 0 ]; then
  echo 'error: LOGIN or PASSWORD holds a line break, which mosquitto cannot take'
  exit 1
fi
case $LOGIN in *:*) echo 'error: LOGIN holds a colon, which mosquitto cannot take'; exit 1 ;; esac
for value in "$LOGIN" "$PASSWORD"; do
  case $value in
    [[:space:]]* | *[[:space:]])
      echo 'error: LOGIN or PASSWORD begins or ends with a space, which mosquitto cannot take'
      exit 1
      ;;
  esac
done

if ! dpkg-query -W -f='${db:Status-Status}' mosquitto 2>/dev/null | grep -qx installed; then
  # The package lists may be missing or old: fetched only when they do not do.
  apt-get install -q -y mosquitto || { apt-get update -q && apt-get install -q -y mosquitto; }
  echo 'changed: installed mosquitto'
fi

wanted="listener 1883
allow_anonymous false
password_file $passwords"

# Hashes are salted, so the file is never the same twice: the stamp says whether what is there was made for this login, and
# that mosquitto has read it. printf is the shell's own here: neither login nor password is ever on a command line.
fingerprint() { { printf '%s:%s\n' "$LOGIN" "$PASSWORD"; cat "$passwords" "$config"; } | sha256sum | cut -d ' ' -f 1; }

if [ ! -f "$passwords" ] || [ "$(cat "$config" 2>/dev/null)" != "$wanted" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$(fingerprint)" ]; then
  new=$(mktemp)
  printf '%s:%s\n' "$LOGIN" "$PASSWORD" >"$new"
  mosquitto_passwd -U "$new"
  chown mosquitto:mosquitto "$new"
  mv "$new" "$passwords"
  printf '%s\n' "$wanted" >"$config"
  # Not a reload: it does not open a listener, and would leave sessions of the old password connected.
  systemctl restart mosquitto
  (umask 077 && fingerprint >"$stamp")
  echo 'changed: mosquitto listens on 1883 and takes this login'
fi

if ! systemctl is-enabled --quiet mosquitto || ! systemctl is-active --quiet mosquitto; then
  systemctl enable --quiet --now mosquitto
  echo 'changed: mosquitto is enabled and runs'
fi
