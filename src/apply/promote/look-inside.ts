import type { Shell } from '../../model/ports.ts';
import type { LooseData } from '../../model/replacement.ts';
import { call, DEADLINES } from '../deadlines.ts';

/** Where programs keep what nobody can make again. */
const PLACES = [
  ...['mysql', 'mariadb', 'postgresql', 'mongodb', 'redis', 'valkey', 'influxdb', 'influxdb2', 'couchdb', 'clickhouse'],
  ...['elasticsearch', 'opensearch', 'prometheus', 'grafana', 'rabbitmq', 'mosquitto', 'ldap', 'samba', 'docker'],
  ...['gitea', 'forgejo', 'gitlab', 'jenkins', 'nextcloud', 'vaultwarden', 'unifi', 'plexmediaserver', 'homeassistant'],
].map((name) => `/var/lib/${name}`);
const ELSEWHERE = ['/srv', '/home', '/root', '/var/mail', '/var/spool/cron/crontabs'];

/** Files that are there from the beginning are none of anybody's work. */
const SCRIPT = [
  'for place; do',
  '[ -d "$place" ] && [ "$(stat -c %d "$place")" = "$(stat -c %d /)" ] || continue',
  'found=$(find "$place" -xdev -type f ! -name ".bash*" ! -name .profile ! -path "*/.ssh/*" ! -path "*/.cache/*" -print -quit)',
  '[ -n "$found" ] || continue',
  'du -skx "$place"',
  'done',
].join('\n');

/** Best effort, for a warning: what a program keeps elsewhere is not found. */
export async function looseData(shell: Shell, signal: AbortSignal): Promise<readonly LooseData[]> {
  const argv = ['sh', '-c', SCRIPT, 'sh', ...PLACES, ...ELSEWHERE];
  const { stdout } = await shell.run({ name: 'data outside of volumes', argv }, call(DEADLINES.write, signal));
  return stdout.split('\n').flatMap((line) => {
    const match = /^(\d+)\s+(\/.*)$/.exec(line);
    return match?.[2] === undefined ? [] : [{ path: match[2], size: Number(match[1]) }];
  });
}
