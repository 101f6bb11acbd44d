/** SSH by certificate of the site's authority or by an operator's key, and in no other way. */
export const ACCESS = String.raw`
access() {
  sshd_config
  authorized_keys "$@"
}

sshd_config() {
  folder /etc/ssh/pve-gitops 755 root:root
  folder /etc/ssh/pve-gitops/principals 755 root:root
  put /etc/ssh/pve-gitops/authority.pub 644 root:root "$authority" || true
  put /etc/ssh/pve-gitops/principals/root 644 root:root root || true
  put /etc/ssh/pve-gitops/principals/config 644 root:root config || true
  # The first value sshd reads counts, and Debian includes this folder first: 00 stands before whatever else is there.
  file=/etc/ssh/sshd_config.d/00-pve-gitops.conf
  text='# Kept by pve-gitops: the next deploy undoes changes made here.
PasswordAuthentication no
KbdInteractiveAuthentication no
PubkeyAuthentication yes
PermitRootLogin prohibit-password
TrustedUserCAKeys /etc/ssh/pve-gitops/authority.pub
AuthorizedPrincipalsFile /etc/ssh/pve-gitops/principals/%u'
  # sshd writes its pid anew at each start and reload: older than the file, it has not read it (a run was killed in between).
  if [ -f $file ] && [ "$(cat $file)" = "$text" ]; then
    [ /run/sshd.pid -nt $file ] || reload_sshd
    return 0
  fi
  mkdir -p /etc/ssh/sshd_config.d /run/sshd
  trial=$(mktemp)
  printf '%s\nInclude /etc/ssh/sshd_config\n' "$text" >"$trial"
  told=$(sshd -t -f "$trial" 2>&1) || fail "sshd refuses its new configuration: $told"
  rm -f "$trial"
  put $file 644 root:root "$text" || true
  effective=$(sshd -T -C user=root,host=localhost,addr=127.0.0.1)
  for line in 'passwordauthentication no' 'kbdinteractiveauthentication no' 'trustedusercakeys /etc/ssh/pve-gitops/authority.pub'; do
    case $effective in *"$line"*) ;; *) warning "sshd does not take '$line': something in /etc/ssh/sshd_config stands before it" ;; esac
  done
  reload_sshd
}

# An sshd that systemd gave its listening socket loses it in a reload and dies: it is restarted. Sessions outlive both. Where it
# does not run, the next connection starts it, with the new configuration.
reload_sshd() {
  systemctl is-active --quiet ssh.service || return 0
  if systemctl is-active --quiet ssh.socket; then systemctl restart ssh.service; else systemctl reload ssh.service; fi
  changed 'sshd reloaded'
}

# One block holds the authority and the operators' keys. The same keys outside of it (the create call put them there) are
# dropped, so that a key leaves with its setting; other lines are somebody's own and stay.
authorized_keys() {
  file=/root/.ssh/authorized_keys
  folder /root/.ssh 700 root:root
  block="# BEGIN pve-gitops: the next deploy undoes changes made in this block
cert-authority,principals=\"root\" $authority"
  for key in "$@"; do block="$block
$key"; done
  block="$block
# END pve-gitops"
  [ -f $file ] || : >$file
  kept=$(BLOCK=$block awk '
    function identity(line, part) {
      split(line, part, /[ \t]+/)
      if (part[1] ~ /^(ssh|ecdsa|sk)-/) return part[1] " " part[2]
      if (part[1] ~ /^cert-authority/) return part[1] " " part[2] " " part[3]
      return line
    }
    BEGIN { count = split(ENVIRON["BLOCK"], ours, "\n"); for (i = 1; i <= count; i++) known[identity(ours[i])] = 1 }
    /^# BEGIN pve-gitops/ { inside = 1 }
    !inside && !(identity($0) in known) { print }
    /^# END pve-gitops/ { inside = 0 }
  ' $file)
  strangers=$(printf '%s\n' "$kept" | awk '!/^[ \t]*(#|$)/ { print ($NF ~ /^AAAA/) ? $(NF - 1) : $NF }')
  for stranger in $strangers; do
    warning "root's authorized_keys has a key that is not in the settings ($stranger): it was left there"
  done
  [ -z "$kept" ] || block="$kept
$block"
  put $file 600 root:root "$block" || true
}
`;
