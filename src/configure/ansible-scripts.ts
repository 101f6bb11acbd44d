/** Where Ansible is not there yet; only in a container that is thrown away, or where it was asked for. */
export const INSTALL_ANSIBLE = `
set -e
command -v ansible-playbook >/dev/null && exit 0
export DEBIAN_FRONTEND=noninteractive
apt() { apt-get -q -y -o Acquire::Retries=3 -o Acquire::http::Timeout=30 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"; }
# Lists have a lock that apt does not wait for.
refresh() { for _ in $(seq 20); do apt update -o APT::Update::Error-Mode=any >/dev/null && return; sleep 3; done; }
install() { apt install --no-install-recommends ansible-core openssh-client; }
echo 'installing ansible-core'
refresh || true
install >/dev/null || { refresh; install; }
`.trimStart();

/** Roles and collections beside the playbook, where Ansible finds them by itself. */
export const INSTALL_REQUIREMENTS = String.raw`
set -eo pipefail
. "$PVE_GITOPS_KIT/environment.sh"
for file in requirements.yml roles/requirements.yml collections/requirements.yml; do
  [ -f "$file" ] || continue
  ANSIBLE_ROLES_PATH=$DIR/roles ANSIBLE_COLLECTIONS_PATH=$DIR/collections \
    ansible-galaxy install -r "$file" 2> >(errors)
done
`.trimStart();

export const RUN_PLAYBOOK = `
set -eo pipefail
. "$PVE_GITOPS_KIT/environment.sh"
# For tasks that run here: PREPARE_TARGET says why it is like that.
[ -d "$ANSIBLE_REMOTE_TEMP" ] || mkdir -m 1733 "$ANSIBLE_REMOTE_TEMP"
trap 'rm -rf "$ANSIBLE_REMOTE_TEMP"' EXIT
export ANSIBLE_STDOUT_CALLBACK=pve_gitops ANSIBLE_CALLBACK_PLUGINS=$PVE_GITOPS_KIT/callback
ansible-playbook -i "$PVE_GITOPS_KIT/inventory.json" -e "@$PVE_GITOPS_KIT/vars.yml" playbook.yml 2> >(errors)
`.trimStart();

/**
 * What goes before the repository's ansible.cfg. Modules come over standard input and what they must write lies on tmpfs; none
 * tells the target's log its arguments, which may be secrets; nothing is cached or logged in files.
 */
export const ANSIBLE_ENVIRONMENT = String.raw`
export LC_ALL=C.UTF-8 ANSIBLE_NOCOLOR=1 ANSIBLE_FORCE_COLOR=0 PYTHONUNBUFFERED=1
export ANSIBLE_HOME=$PVE_GITOPS_KIT/home ANSIBLE_LOCAL_TEMP=$PVE_GITOPS_KIT/temporary ANSIBLE_LOG_PATH=/dev/null
export ANSIBLE_REMOTE_TEMP=/run/pve-gitops/ansible ANSIBLE_REMOTE_TMP=/run/pve-gitops/ansible
export ANSIBLE_SYSTEM_TMPDIRS=/run/pve-gitops/ansible
export ANSIBLE_PIPELINING=1 ANSIBLE_SSH_PIPELINING=1 ANSIBLE_NO_TARGET_SYSLOG=1 ANSIBLE_RETRY_FILES_ENABLED=0
export ANSIBLE_CACHE_PLUGIN=memory ANSIBLE_HOST_KEY_CHECKING=1 ANSIBLE_SSH_CONTROL_PATH_DIR=$PVE_GITOPS_KIT/control
export ANSIBLE_SSH_ARGS="-F $PVE_GITOPS_KIT/ssh_config -o ControlMaster=auto -o ControlPersist=60s" ANSIBLE_LOCALHOST_WARNING=0
# What Ansible says before its callback is there: an error is said once more when its place is known.
errors() {
  sed -u -E -e "s#$DIR/##g" \
    -e '/^\[(DEPRECATION )?WARNING\]/{x;s/.*//;x}' \
    -e '/^(ERROR! |\[ERROR\]: )/{s//error: /;h}' \
    -e "s/^The error appears to be in '([^']*)': line ([0-9]+).*/Origin: \1:\2/" \
    -e '/^Origin: /{s/^Origin: ([^:]*:[0-9]+).*/\1/;x;s/$/ (/;G;s/\n(.*)/\1)/;s/^ \((.*)\)$/in \1/}'
}
`.trimStart();

/**
 * On the target, before: Ansible's modules are Python. The directory for what modules write lies on tmpfs; whom a task becomes
 * may write there too, because a module makes a directory of its own when root's home is closed to it. None sees what others
 * have there.
 */
export const PREPARE_TARGET = `
umask 022
mkdir -p -m 711 /run/pve-gitops && rm -rf /run/pve-gitops/ansible && mkdir -m 1733 /run/pve-gitops/ansible || exit 1
command -v python3 >/dev/null && exit 0
export DEBIAN_FRONTEND=noninteractive
apt() { apt-get -q -y -o Acquire::Retries=3 -o Acquire::http::Timeout=30 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"; }
echo 'installing python3, which Ansible needs'
apt update >/dev/null || { sleep 2; apt update; }
apt install --no-install-recommends python3 >/dev/null || { echo 'error: apt-get could not install python3'; exit 1; }
echo 'changed: installed python3'
`.trimStart();

/**
 * Opens the target for one login by certificate. Arguments: the principal, which nobody else has; the address it comes from;
 * until when, in seconds since 1970, which sshd takes in local time only before OpenSSH 9.1. Its answer: the host keys, to be pinned. A line that an earlier run left is dropped.
 */
export const OPEN_LOGIN = String.raw`
set -e
umask 022
file=/etc/ssh/pve-gitops/principals/root
case $(ssh -V 2>&1) in
  OpenSSH_[0-8].* | OpenSSH_9.0*) end=$(date -d "@$3" +%Y%m%d%H%M%S) ;;
  *) end=$(date -u -d "@$3" +%Y%m%d%H%M%SZ) ;;
esac
kept=$(grep -v 'pve-gitops-job-' "$file")
printf '%s\nfrom="%s",expiry-time="%s" %s\n' "$kept" "$2" "$end" "$1" >"$file.new"
mv -f "$file.new" "$file"
for key in /etc/ssh/ssh_host_*_key.pub; do cut -d ' ' -f 1,2 "$key"; done
`.trimStart();

/** Closes it again, and drops what modules left. */
export const CLOSE_LOGIN = `
umask 022
file=/etc/ssh/pve-gitops/principals/root
rm -rf /run/pve-gitops/ansible
grep -q 'pve-gitops-job-' "$file" || exit 0
grep -v 'pve-gitops-job-' "$file" >"$file.new"
mv -f "$file.new" "$file"
`.trimStart();
