# Installs the Cinc client in this version where it is not there. Arguments: version, address of the packages, then one
# `platform/release/architecture=sha256` for each package that may be installed: what has no sum here is not installed.
set -eu
version=$1 base=$2
shift 2
value() { sed -n "s/^$1=//p" /etc/os-release | tr -d '"'; }
refuse() { printf 'error: Unable to install Cinc: %s\n' "$*"; exit 1; }

# One that was removed and not purged has a version, too.
there=$(dpkg-query -W -f '${db:Status-Status} ${Version}' cinc 2>/dev/null || true)
if [ "${there%% *}" = installed ]; then
  [ "$there" != "installed $version-1" ] || exit 0
elif command -v cinc-client >/dev/null; then
  # Somebody put one here in another way: it is theirs.
  exit 0
fi
platform=$(value ID) release=$(value VERSION_ID) architecture=$(dpkg --print-architecture)
sum=''
for entry in "$@"; do
  case $entry in "$platform/$release/$architecture="*) sum=$(printf '%s' "$entry" | sed 's/.*=//') ;; esac
done
[ -n "$sum" ] || refuse "no checksum is known of version $version for $platform $release on $architecture: name one in the setting cinc.checksums"
address=$base/stable/cinc/$version/$platform/$release/cinc_$version-1_$architecture.deb
# Not /tmp: it may be small and in memory.
folder=$(mktemp -d /var/tmp/pve-gitops.XXXXXX)
trap 'rm -rf "$folder"' EXIT
printf 'fetching %s\n' "$address"
told=$(curl --silent --show-error --fail --location --proto '=http,https' --connect-timeout 15 --max-time 600 --retry 2 \
  --output "$folder/cinc.deb" "$address" 2>&1) || refuse "$address cannot be fetched ($told): name a mirror in the setting cinc.mirror"
printf '%s  %s\n' "$sum" "$folder/cinc.deb" | sha256sum --check --status ||
  refuse "$address has the checksum $(sha256sum "$folder/cinc.deb" | cut -d ' ' -f 1), not $sum"
told=$(dpkg --install "$folder/cinc.deb" 2>&1) || { printf '%s\n' "$told"; refuse 'dpkg does not take the package'; }
printf 'changed: installed cinc %s\n' "$version"
