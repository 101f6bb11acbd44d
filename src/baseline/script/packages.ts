/** Base packages, an interrupted dpkg, the optional upgrade. Lists are fetched only when something is missing. */
export const PACKAGES = String.raw`
# seconds to wait for another apt or dpkg (a new container runs apt-daily after its first boot)
LOCK_WAIT=300

apt_get() {
  apt-get -q -y \
    -o Acquire::Retries=3 -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 \
    -o DPkg::Lock::Timeout=$LOCK_WAIT -o Dpkg::Use-Pty=0 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}

# Lists have a lock that apt does not wait for, and a failed download is only a warning unless asked otherwise.
refresh() {
  end=$(($(date +%s) + LOCK_WAIT))
  tries=0
  while [ "$(date +%s)" -lt $end ]; do
    echo 'apt-get update'
    if told=$(apt_get -o APT::Update::Error-Mode=any update 2>&1); then return 0; fi
    case $told in *'Could not get lock'* | *'Unable to lock'*) ;; *) tries=$((tries + 1)) ;; esac
    [ $tries -lt 3 ] || break
    sleep 2
  done
  printf '%s\n' "$told" | tail -n 5
  warning "package lists could not be refreshed: $(printf '%s\n' "$told" | sed -n 's/^[EW]: //p' | tail -n 1)"
}

# A run that was killed in the middle of dpkg leaves its journal behind; apt refuses to work before it is played.
repair() {
  [ -n "$(ls /var/lib/dpkg/updates)" ] || return 0
  echo 'dpkg --configure -a'
  if dpkg --configure -a --force-confdef --force-confold; then changed 'finished an interrupted dpkg'
  else warning 'dpkg --configure -a did not end well'; fi
}

# absent PACKAGE...: those that are not installed
absent() {
  # With a sign before the state: a package that dpkg has only heard of is "not-installed".
  there=$(dpkg-query -W -f='=$''{db:Status-Status} $''{Package}.\n' "$@" 2>/dev/null || true)
  for package in "$@"; do
    case $there in *"=installed $package."*) ;; *) printf '%s\n' "$package" ;; esac
  done
}

# again PACKAGE...: after a failure; the mirror may have changed between lists and download
again() {
  repair
  refresh
  apt_get --fix-broken install --no-install-recommends "$@"
}

packages() {
  repair
  wanted='sudo ca-certificates curl openssh-server'
  case $locale in C | C.UTF-8 | POSIX) ;; *) wanted="$wanted locales" ;; esac
  [ -f "/usr/share/zoneinfo/$timezone" ] || wanted="$wanted tzdata"
  lacking=$(absent $wanted)
  if [ -n "$lacking" ]; then
    refresh
    apt_get install --no-install-recommends $lacking || again $lacking || fail "apt-get could not install" $lacking
    for package in $lacking; do changed "installed $package"; done
  fi
  zone_of_old
  [ "$upgrade" = no ] || upgrade_all "$lacking"
}

# Names such as US/Pacific left tzdata with Debian 13 and Ubuntu 24.04, for a package of their own.
zone_of_old() {
  [ ! -f "/usr/share/zoneinfo/$timezone" ] || return 0
  case $timezone in US/* | Canada/* | Brazil/* | Chile/* | Mexico/*) ;; */*) return 0 ;; esac
  # Where there is no such package the name is wrong, and region says so.
  apt_get install --no-install-recommends tzdata-legacy >/dev/null 2>&1 || {
    refresh
    apt_get install --no-install-recommends tzdata-legacy >/dev/null 2>&1 || return 0
  }
  changed 'installed tzdata-legacy'
}

# upgrade_all REFRESHED: the lists are fresh already when it is not empty
upgrade_all() {
  [ -n "$1" ] || refresh
  waiting=$(apt_get -s upgrade --with-new-pkgs | sed -n 's/^Inst \([^ ]*\).*/\1/p')
  [ -n "$waiting" ] || return 0
  apt_get upgrade --with-new-pkgs || fail 'apt-get could not upgrade'
  changed "upgraded" $waiting
}
`;
