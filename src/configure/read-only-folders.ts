/**
 * Bash functions that make folders of a container read-only for its root too, with $state of the caller: each is
 * bound over itself, read-only, at once and at each start of the container. What is to be written in between is written while
 * the mount is off; a run that is killed then leaves it off until the next one.
 *
 * Only calls that the AppArmor profile of Proxmox VE lets a container make: bind, `ro,remount,bind`, umount. The flags that the
 * folder's file system has are kept, as a container may not drop them.
 */
export const READ_ONLY_FOLDERS = String.raw`
# One a line: ours, and nobody else's mounts.
locked=$state/read-only
service=pve-gitops-read-only
unit=/etc/systemd/system/$service.service
wanted_unit=/etc/systemd/system/sysinit.target.wants/$service.service
script_unit=/etc/init.d/$service
runlevel=/etc/runlevels/boot/$service

in_list() { [ -f "$locked" ] && grep -qxF -- "$1" "$locked"; }
is_read_only() {
  case $(awk -v at="$1" '$5 == at { found = $6 } END { print found }' /proc/self/mountinfo) in ro | ro,*) return 0 ;; esac
  return 1
}
unlock() { if in_list "$1" && is_read_only "$1"; then umount -l "$1"; fi; }

# keep FILE: standard input, unless it is there already
keep() {
  cat >"$1.new"
  if cmp -s "$1.new" "$1"; then rm -f "$1.new"; else mv -f "$1.new" "$1"; fi
}

forget_start() {
  rm -f "$unit" "$wanted_unit" "$script_unit" "$runlevel" "$state/read-only.sh"
}

at_start() {
  keep "$state/read-only.sh" <<'END'
# Makes the folders of /var/lib/pve-gitops/read-only read-only. Written by pve-gitops.
options() { awk -v at="$1" '$5 == at { found = $6 } END { print found }' /proc/self/mountinfo; }
failed=0
while read -r folder; do
  case $(options "$folder") in ro | ro,*) continue ;; esac
  mount -o bind "$folder" "$folder" || { failed=1; continue; }
  now=$(options "$folder")
  mount -o "remount,bind,ro@{now#rw}" "$folder" || { umount "$folder"; failed=1; }
done </var/lib/pve-gitops/read-only
exit $failed
END
  if [ -d /run/systemd/system ]; then
    mkdir -p "@{wanted_unit%/*}"
    keep "$unit" <<'END'
[Unit]
Description=Read-only conf and bin of the definition (pve-gitops)
DefaultDependencies=no
After=local-fs.target
Before=sysinit.target

[Service]
Type=oneshot
ExecStart=/bin/sh /var/lib/pve-gitops/read-only.sh

[Install]
WantedBy=sysinit.target
END
    ln -sfn "$unit" "$wanted_unit"
  elif [ -x /sbin/openrc-run ]; then
    mkdir -p "@{runlevel%/*}"
    keep "$script_unit" <<'END'
#!/sbin/openrc-run
description="Read-only conf and bin of the definition (pve-gitops)"
depend() { after localmount; }
start() { /bin/sh /var/lib/pve-gitops/read-only.sh; }
END
    chmod 755 "$script_unit"
    ln -sfn "$script_unit" "$runlevel"
  else
    echo 'warning: conf and bin are read-only until the next start of the container only: it has neither systemd nor OpenRC'
  fi
}

# lock FOLDER…: these are read-only from now on, and no others
lock() {
  local folder said
  local -a new=()
  if [ -f "$locked" ]; then
    while read -r folder; do
      case " $* " in *" $folder "*) continue ;; esac
      unlock "$folder"
      echo "changed: $folder is not read-only any more"
    done <"$locked"
  fi
  for folder in "$@"; do if ! in_list "$folder"; then new=("$folder" "@{new[@]}"); fi; done
  if [ $# = 0 ]; then
    forget_start
    rm -f "$locked"
    return 0
  fi
  printf '%s\n' "$@" | keep "$locked"
  at_start
  if said=$(sh "$state/read-only.sh" 2>&1); then
    for folder in "@{new[@]}"; do echo "changed: made $folder read-only"; done
    return 0
  fi
  echo "warning: $* cannot be made read-only, and stay as they are, with modes 0444 and 0555: $(printf %s "$said" | tail -n 1)"
  for folder in "$@"; do unlock "$folder"; done
  forget_start
  rm -f "$locked"
}
`.replaceAll('@{', '$\u007b');
