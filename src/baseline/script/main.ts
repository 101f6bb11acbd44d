/**
 * Arguments: authority, time zone, locale, upgrade (yes or no), then operators' keys. Everything is called from one function on
 * the last line: a script that arrives cut off does nothing, and no program in it can read the rest of it as its input.
 */
export const MAIN = `
main() {
  authority=$1 timezone=$2 locale=$3 upgrade=$4
  shift 4
  [ "$(id -u)" = 0 ] || fail 'the baseline needs root'
  case " $(os_value ID) $(os_value ID_LIKE) " in
    ' debian '*) case $(os_value VERSION_ID) in 12 | 13) ;; *) warning "tried on Debian 12 and 13, not on $(os_value PRETTY_NAME)" ;; esac ;;
    ' ubuntu '*) case $(os_value VERSION_ID) in 22.04 | 24.04) ;; *) warning "made for Ubuntu 22.04 and 24.04; this is $(os_value PRETTY_NAME)" ;; esac ;;
    ' alpine '*) alpine ;;
    *' debian '*) warning "tried on Debian, not on $(os_value PRETTY_NAME)" ;;
    *) fail "this baseline is for Debian, Ubuntu and Alpine; this is $(os_value PRETTY_NAME)" ;;
  esac
  packages
  region
  accounts
  access "$@"
}
main "$@" </dev/null
`;
