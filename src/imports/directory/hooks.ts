import type { OtherCode } from '../../configure/assignments.ts';

/** Something of a directory that its definition does not say, and what to do about it. */
export interface Item {
  /** `configSettings:12`, `bin/startup.sh` */
  readonly place: string;
  readonly text: string;
  /** It was taken over, in another way. */
  readonly note?: true;
}

type Hook = Extract<OtherCode, { readonly kind: 'function' }>;

/**
 * What replaces a function of configSettings. They ran on the node with all rights; nothing of a repository runs there now,
 * so that each is said with the keys that stand for what it did.
 */
export function itemOfHook(file: string, hook: Hook): Item {
  const place = `${file}:${hook.line}${hook.last > hook.line ? `-${hook.last}` : ''}`;
  const found = [...idsIn(hook), ...mountsIn(hook), ...devicesIn(hook)];
  const what = found.length > 0 ? found : [OTHER];
  return { place, text: `function ${hook.name} is not run: ${what.join('; ')}` };
}

const OTHER =
  'what it does inside the container belongs into build-target.sh (once) or configure.sh (each time), and nothing of a repository runs on the node';

function idsIn({ name, body }: Hook): string[] {
  if (!/idmap|map_?[ug]id|sub[ug]id/i.test(`${name}\n${body}`) && !/mapping/i.test(name)) return [];
  return [
    'UID and GID maps: a volume’s files belong to the container’s own users, so that it needs none; a directory of the node that is mounted is given to 100000 + the container’s id (chown on the node)',
  ];
}

/** `--mp4 /srv/media,mp=/media,ro=1`, as pct takes it. */
const MOUNT_POINT = /(?:-{1,2}mp\d+|mp\d+:?)[=\s]+["']?(\/[^\s,"']+),([^\s"']*mp=[^\s"']+)/g;

function mountsIn({ name, body }: Hook): string[] {
  const plain = [...body.matchAll(MOUNT_POINT)].flatMap(([, host = '', rest = '']) => {
    const path = /mp=([^,]+)/.exec(rest)?.[1] ?? '';
    if (/[$`]/.test(host + path) || host.startsWith('/dev/')) return [];
    return [/(?:^|,)ro=1/.test(rest) ? `{host: ${host}, path: ${path}, read_only: yes}` : `${host}:${path}`];
  });
  if (plain.length > 0) return [`extra mounts: write mount: [${plain.map(quoted).join(', ')}]`];
  const mounts = /\bmp\d*\b|mount\.entry|,mp=/.test(body) || /mount/i.test(name);
  const devices = devicesIn({ kind: 'function', name: '', line: 0, last: 0, body }).length > 0;
  if (!mounts || (devices && !/,mp=|\bmp\d/.test(body))) return [];
  return ['extra mounts: write mount: [/host/path:/path], or a volume where the files are the container’s own'];
}

function quoted(entry: string): string {
  return entry.startsWith('{') ? entry : `"${entry}"`;
}

/** What is no device to hand over. */
const NO_DEVICE = /^\/dev\/(?:null|zero|stdin|stdout|stderr|tty|u?random|fd\/?.*|shm\/?.*)$/;

function devicesIn({ name, body }: Hook): string[] {
  const paths = [...body.matchAll(/\/dev\/[\w.:/-]*[\w-]/g)]
    .map(([path]) => path)
    .filter((path) => !NO_DEVICE.test(path));
  const plain = [...new Set(paths)];
  if (plain.length > 0) return [`USB and other devices: write devices: [${plain.join(', ')}]`];
  if (!/usb|cgroup2?\.devices|-{1,2}dev\d/i.test(`${name}\n${body}`)) return [];
  return ['USB and other devices: write devices: [/dev/ttyUSB0], with the path that it has on the node'];
}
