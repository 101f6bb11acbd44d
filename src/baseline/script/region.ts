/** Locale and time zone. */
export const REGION = String.raw`
region() {
  [ -f "/usr/share/zoneinfo/$timezone" ] || refuse "time zone $timezone is not known here: see timedatectl list-timezones"
  set_locale
  set_timezone
}

set_locale() {
  case $locale in
    C | C.UTF-8 | POSIX) ;;
    *)
      # glibc lists en_US.UTF-8 as en_US.utf8
      listed=$(printf '%s' "$locale" | sed 's/UTF-8/utf8/')
      if ! locale -a | grep -qxF "$listed"; then
        line=$(grep -E "^$(printf '%s' "$locale" | sed 's/[.]/[.]/g') " /usr/share/i18n/SUPPORTED | head -n 1)
        [ -n "$line" ] || refuse "locale $locale is not known here: see /usr/share/i18n/SUPPORTED"
        grep -qxF "$line" /etc/locale.gen || printf '%s\n' "$line" >>/etc/locale.gen
        locale-gen || fail "locale-gen could not make $locale"
        changed "made locale $locale"
      fi
      ;;
  esac
  # A link to ../locale.conf since Debian 13: written through, not replaced.
  file=/etc/default/locale
  if [ -f $file ] && grep -qxF "LANG=$locale" $file; then return 0; fi
  rest=$(grep -v '^LANG=' $file 2>/dev/null || true)
  printf '%s\n' "LANG=$locale" $rest >$file
  changed "locale is $locale"
}

set_timezone() {
  if [ "$(readlink /etc/localtime | sed 's#.*zoneinfo/##')" != "$timezone" ]; then
    ln -sfn "/usr/share/zoneinfo/$timezone" /etc/localtime
    changed "time zone is $timezone"
  fi
  # Debian 12 keeps the name here too; later ones do without
  [ ! -f /etc/timezone ] || put /etc/timezone 644 root:root "$timezone" || true
}
`;
