import { READ_ONLY_FOLDERS } from './read-only-folders.ts';

/**
 * First stage of a directory in the one-directory-per-container form, in bash, within the unpacked definition: `conf` to
 * /usr/local/conf, `bin` to /usr/local/sbin, owner root, nobody may write. Only what differs is written; what came from here and is
 * gone from the definition is removed; other files in these folders are somebody's own and stay. Both are read-only mounts
 * from then on.
 *
 * It also says where build-target.sh stands: which one this root file system was built with (`built`), and whether one began and
 * did not end (`building`). That it has ended is the runner's note, which lies beside these.
 */
export const PLACE_FILES = String.raw`
set -eu
state=/var/lib/pve-gitops
mkdir -p "$state" /usr/local/data
fail() { printf 'error: %s\n' "$*"; exit 1; }
shown=0
changed() {
  shown=$((shown + 1))
  if [ $shown -le 20 ]; then printf 'changed: %s\n' "$*"; fi
}

READ_ONLY_FOLDERS
# For a change below $to; most runs have none.
open() {
  if [ -n "$opened" ]; then return 0; fi
  unlock "$to"
  opened=1
}

# write FILE TARGET: as it is there, or beside it and then in one step over it
write() {
  mode=444
  if [ -x "$1" ]; then mode=555; fi
  if [ -f "$2" ] && [ ! -L "$2" ] && [ "$(stat -c '%a %u:%g' "$2")" = "$mode 0:0" ] && cmp -s "$1" "$2"; then return 0; fi
  open
  cp "$1" "$2.pve-gitops-new"
  chown 0:0 "$2.pve-gitops-new"
  chmod $mode "$2.pve-gitops-new"
  mv -fT "$2.pve-gitops-new" "$2"
  changed "wrote $2"
}

# place FOLDER TARGET
place() {
  local from=$1 to=$2 known=$state/placed-$1 path opened=''
  local -A now=() before=()
  local -a gone=()
  if [ -f "$known" ]; then
    while IFS= read -r -d '' path; do before["$path"]=1; gone=("$path" "@{gone[@]}"); done <"$known"
  fi
  : >"$known.new"
  if [ -d "$from" ]; then
    mkdir -p "$to"
    while IFS= read -r -d '' path; do
      path=@{path#./}
      now["$path"]=1
      printf '%s\0' "$path" >>"$known.new"
      if [ -d "$to/$path" ] && [ ! -L "$to/$path" ] && { [ -L "$from/$path" ] || [ ! -d "$from/$path" ]; }; then
        [ -n "@{before["$path"]:-}" ] || fail "$to/$path is a directory, and $from has a file of that name"
        open
        rm -rf "$to/$path"
      fi
      if [ -L "$from/$path" ]; then
        if [ -L "$to/$path" ] && [ "$(readlink "$to/$path")" = "$(readlink "$from/$path")" ]; then continue; fi
        open
        ln -sfn "$(readlink "$from/$path")" "$to/$path"
        changed "linked $to/$path"
      elif [ -d "$from/$path" ]; then
        if [ -d "$to/$path" ]; then continue; fi
        open
        rm -f "$to/$path"
        mkdir -p "$to/$path"
      else
        write "$from/$path" "$to/$path"
      fi
    done < <(cd "$from" && find . -mindepth 1 -print0 | sort -z)
  fi
  # A run that is killed before the lists change places removes the same again.
  for path in "@{gone[@]}"; do
    if [ -n "@{now["$path"]:-}" ]; then continue; fi
    if [ -d "$to/$path" ] && [ ! -L "$to/$path" ]; then
      open
      rmdir "$to/$path" 2>/dev/null || :
      continue
    fi
    if [ ! -e "$to/$path" ] && [ ! -L "$to/$path" ]; then continue; fi
    open
    rm -f "$to/$path"
    changed "removed $to/$path"
  done
  mv -f "$known.new" "$known"
}

place conf /usr/local/conf
place bin /usr/local/sbin
if [ $shown -gt 20 ]; then printf 'changed: %s files more\n' $((shown - 20)); fi
folders=()
if [ -d conf ]; then folders+=(/usr/local/conf); fi
if [ -d bin ]; then folders+=(/usr/local/sbin); fi
lock "@{folders[@]}"

[ -f build-target.sh ] || exit 0
hash=$(sha256sum build-target.sh | cut -c 1-64)
if [ -e $state/once/build-target.sh ]; then
  if [ -e $state/building ]; then mv -f $state/building $state/built; fi
  if [ -f $state/built ] && [ "$(cat $state/built)" != "$hash" ]; then
    echo 'warning: build-target.sh is not the one that this root file system was built with: pve-gitops rebuild runs it'
  fi
  exit 0
fi
if [ -e $state/building ]; then
  echo 'warning: an earlier run of build-target.sh did not end: it runs once more on what that left'
fi
printf '%s\n' "$hash" >$state/building
`
  .replace('READ_ONLY_FOLDERS', () => READ_ONLY_FOLDERS.trim())
  .replaceAll('@{', '$\u007b');
