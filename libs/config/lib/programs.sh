# install_program NAME VERSION URL SHA256: leaves the folder of the program in $program. First comes what was laid beside the
# definition (GITEA_BINARY, RUNNER_BINARY), then what the volume has, then the download.
install_program() {
  program=$data/programs/$1-$2
  if [ -f "programs/$1/$1" ] && ! "programs/$1/$1" --version >/dev/null 2>&1; then
    echo "warning: the given $1 does not run on this machine"
    rm -rf "programs/$1"
  fi
  if [ -f "programs/$1/$1" ]; then
    if [ ! -d "$program" ] || ! diff -rq "programs/$1" "$program" >/dev/null; then
      rm -rf "$program.new" "$program.old"
      cp -R "programs/$1" "$program.new"
      chmod -R u=rwX,go=rX "$program.new"
      chmod 0755 "$program.new/$1"
      [ ! -e "$program" ] || mv "$program" "$program.old"
      mv "$program.new" "$program"
      rm -rf "$program.old"
      echo "changed: $1 $2 is the given program"
    fi
  elif [ ! -x "$program/$1" ]; then
    download_program "$@"
    echo "changed: downloaded $1 $2"
  fi
}

download_program() {
  url=$(printf '%s' "$3" | sed "s/@version@/$2/g; s/@arch@/$(dpkg --print-architecture)/g")
  rm -rf "$program.new"
  mkdir "$program.new"
  curl --silent --show-error --fail --location --proto =https --retry 3 --max-time 600 --output "$program.new/$1" "$url" ||
    fail "$url cannot be had: set GITEA_BINARY and RUNNER_BINARY where the deploy runs, or let this container reach it"
  sum=$4
  if [ -z "$sum" ]; then
    sum=$(curl --silent --show-error --fail --location --proto =https --max-time 60 "$url.sha256" | cut -d ' ' -f 1)
    echo "warning: versions.env has no SHA-256 of $1 $2; checked against $url.sha256, write it down: $sum"
  fi
  [ "$(sha256sum "$program.new/$1" | cut -d ' ' -f 1)" = "$sum" ] ||
    fail "$url is not what was expected: SHA-256 $(sha256sum "$program.new/$1" | cut -d ' ' -f 1) instead of $sum"
  chmod 0755 "$program.new/$1"
  mv "$program.new" "$program"
}

# The ones in use, and the ones before them, stay.
forget_old_programs() {
  for name in gitea runner; do
    # Names are ours: no blanks in them.
    for old in $(ls -1dt "$data/programs/$name"-* 2>/dev/null | tail -n +4); do
      case $old in "$gitea_program" | "$runner_program") ;; *) rm -rf "$old" ;; esac
    done
  done
}
