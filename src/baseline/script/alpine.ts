/**
 * What is done in another way on Alpine: packages by apk, no glibc locales, services by OpenRC. It takes the place of the functions of the
 * same names. bash and GNU tools are what engines and checks run with; `shadow` brings useradd and its kin.
 */
export const ALPINE = String.raw`
alpine() {
  packages() {
    wanted='bash sudo ca-certificates curl openssh-server shadow coreutils findutils grep sed tar flock'
    [ -f "/usr/share/zoneinfo/$timezone" ] || wanted="$wanted tzdata"
    lacking=''
    for package in $wanted; do apk info -e "$package" >/dev/null 2>&1 || lacking="$lacking $package"; done
    if [ -n "$lacking" ]; then
      echo "apk add$lacking"
      apk add --no-cache $lacking || fail "apk could not install$lacking"
      for package in $lacking; do changed "installed $package"; done
    fi
    [ "$upgrade" = no ] || upgrade_all
    # Older versions of its sshd_config read no folder.
    if ! grep -q '^Include /etc/ssh/sshd_config.d/' /etc/ssh/sshd_config; then
      put /etc/ssh/sshd_config "$(stat -c %a /etc/ssh/sshd_config)" root:root "Include /etc/ssh/sshd_config.d/*.conf
$(cat /etc/ssh/sshd_config)" || true
    fi
  }

  upgrade_all() {
    waiting=$(apk upgrade --no-cache --simulate | sed -n 's/^([0-9/]*) Upgrading \([^ ]*\).*/\1/p')
    [ -n "$waiting" ] || return 0
    apk upgrade --no-cache || fail 'apk could not upgrade'
    changed 'upgraded' $waiting
  }

  set_locale() {
    case $locale in
      C | C.UTF-8 | POSIX) ;;
      *) warning "locale $locale: Alpine has C.UTF-8 only" ;;
    esac
  }

  reload_sshd() {
    rc-service --quiet sshd status || return 0
    rc-service --quiet sshd reload
    changed 'sshd reloaded'
  }
}
`;
