import { GitopsError } from '../model/errors.ts';
import type { StepResult } from '../model/outcome.ts';
import type { Call, Event, Shell } from '../model/ports.ts';
import { listenToScript } from '../model/script-report.ts';

/**
 * The site's share inside a container, through FUSE: no rights on the node, no kernel client, no root of the host. Its login
 * stands in a file that only root can read. Arguments: host, name of the share, `ro` or `rw`, ids of user and group; login and
 * password are the first two lines of standard input.
 */
const SCRIPT = String.raw`
set -eu
umask 077
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
host=$1 name=$2 mode=$3 uid=$4 gid=$5
IFS= read -r login
IFS= read -r password
fail() { printf 'error: %s\n' "$*"; exit 1; }
service=pve-gitops-share.service
folder=/etc/pve-gitops
config=$folder/share.conf
stamp=$folder/share.stamp
unit=/etc/systemd/system/$service

command -v apt-get >/dev/null || fail 'the share is mounted on Debian and Ubuntu only'
( : <>/dev/fuse ) 2>/dev/null || fail 'there is no /dev/fuse in this container: the feature fuse takes effect with a restart, and the node must have the device'
lacking=''
for package in rclone fuse3; do
  [ "$(dpkg-query -W -f '@{db:Status-Status}' "$package" 2>/dev/null)" = installed ] || lacking="$lacking $package"
done
if [ -n "$lacking" ]; then
  set -- -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends install $lacking
  apt-get "$@" || { apt-get -q update && apt-get "$@"; } || fail "apt-get could not install$lacking"
  for package in $lacking; do printf 'changed: installed %s\n' "$package"; done
fi

# rclone hides a password in another way each time: the stamp says whether what is there was made of this one.
mkdir -p "$folder"
salt=$(cut -d ' ' -f 1 "$stamp" 2>/dev/null || true)
[ -n "$salt" ] || salt=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
sum=$(printf '%s\n' "$salt" "$host" "$login" "$password" | sha256sum | cut -d ' ' -f 1)
restart=no
if [ ! -f "$config" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$salt $sum" ]; then
  hidden=$(printf '%s' "$password" | rclone obscure -)
  # Its default encoding takes the folder "." for a name, and makes one.
  encoding=Slash,LtGt,DoubleQuote,Colon,Question,Asterisk,Pipe,BackSlash,Ctl,RightSpace,InvalidUtf8
  printf '[share]\ntype = smb\nhost = %s\nuser = %s\npass = %s\nencoding = %s\n' "$host" "$login" "$hidden" "$encoding" >"$config"
  printf '%s %s\n' "$salt" "$sum" >"$stamp"
  restart=yes
fi

options="--config $config --cache-dir /var/cache/pve-gitops-share --allow-other --uid $uid --gid $gid --umask 002"
options="$options --vfs-cache-mode writes --vfs-write-back 0s --dir-cache-time 5s"
[ "$mode" = rw ] || options="$options --read-only"
wanted="# Kept by pve-gitops: the next deploy undoes changes made here.
[Unit]
Description=The site's share
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
ExecStart=/usr/bin/rclone mount share:$name /share $options
Restart=on-failure
RestartSec=10

[Install]
WantedBy=multi-user.target"
if [ "$(cat "$unit" 2>/dev/null)" != "$wanted" ]; then
  (umask 022 && printf '%s\n' "$wanted" >"$unit")
  systemctl daemon-reload
  restart=yes
fi
[ -d /share ] || (umask 022 && mkdir /share)
systemctl is-enabled --quiet "$service" || systemctl enable --quiet "$service"
if [ "$restart" = yes ] || ! systemctl is-active --quiet "$service"; then
  systemctl restart "$service" || fail "//$host/$name could not be mounted: $(journalctl -q --no-pager -o cat -n 3 -u "$service" | tr '\n' ' ')"
  printf 'changed: mounted //%s/%s at /share\n' "$host" "$name"
fi
ls /share >/dev/null || fail "//$host/$name cannot be read: is its login LOGIN and PASSWORD of the settings?"
`.replaceAll('@{', '$\u007b');

export interface MountedShare {
  readonly host: string;
  readonly name: string;
  readonly readOnly: boolean;
}

export interface ShareInput {
  readonly vmid: number;
  /** undefined: it has none. */
  readonly share: MountedShare | undefined;
  readonly login?: string | undefined;
  readonly password?: string | undefined;
}

/** app and config have these ids in every container (src/baseline/script/accounts.ts). */
const IDS = ['1000', '1001'] as const;

/** Mounts the site's share at /share, before an engine runs. A second run changes nothing. */
export async function mountShare(
  shell: Shell,
  { vmid, share, login, password }: ShareInput,
  call: Call,
  tell: (event: Event) => void,
): Promise<Pick<StepResult, 'changed' | 'warnings'>> {
  const report = listenToScript(tell);
  if (share === undefined) return { changed: [], warnings: [] };
  const error = (kind: 'user' | 'remote', reason: string, advice: readonly string[] = []) =>
    new GitopsError(kind, `Unable to mount the share in container ${vmid}: ${reason}`, { log: report.tail, advice });
  if (login === undefined || password === undefined)
    throw error('user', 'there is no login for it', ['set LOGIN and PASSWORD in the settings']);
  if (/[\r\n]/.test(`${login}${password}`)) throw error('user', 'LOGIN or PASSWORD holds a line break');
  const { exitCode } = await shell.run(
    {
      name: 'share',
      argv: ['sh', '-c', SCRIPT, 'pve-gitops-share', share.host, share.name, share.readOnly ? 'ro' : 'rw', ...IDS],
      input: new TextEncoder().encode(`${login}\n${password}\n`),
      onLine: report.hear,
    },
    call,
  );
  if (exitCode !== 0) throw error('remote', report.error() ?? `exit code ${exitCode}`);
  return { changed: report.changed, warnings: report.warnings };
}
