#!/bin/sh
# Serves a page "Hello from <login>" with apache2. A second run changes nothing.
set -eu
export LC_ALL=C.UTF-8

page=/var/www/html/index.html

if ! dpkg-query -W -f='${db:Status-Status}' apache2 2>/dev/null | grep -qx installed; then
  # The package lists may be missing or old: fetched only when they do not do.
  apt-get install -q -y apache2 || { apt-get update -q && apt-get install -q -y apache2; }
  echo 'changed: installed apache2'
fi

# The login comes from the site's settings and may hold anything: it is text here, never HTML.
name=$(printf '%s' "${LOGIN:-$HOSTNAME}" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g')
if [ "$(cat "$page" 2>/dev/null)" != "<h1>Hello from $name</h1>" ]; then
  printf '<h1>Hello from %s</h1>\n' "$name" >"$page"
  echo "changed: wrote $page"
fi
if [ "$(stat -c '%U:%G %a' "$page")" != 'app:app 644' ]; then
  chown app:app "$page"
  chmod 644 "$page"
  echo "changed: $page belongs to app"
fi

if ! systemctl is-enabled --quiet apache2 || ! systemctl is-active --quiet apache2; then
  systemctl enable --quiet --now apache2
  echo 'changed: apache2 is enabled and runs'
fi

curl --silent --show-error --fail --noproxy '*' --output /dev/null http://127.0.0.1/ || {
  echo 'error: apache2 runs and does not serve the page'
  exit 1
}
