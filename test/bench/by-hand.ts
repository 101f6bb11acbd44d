import { connect } from 'node:net';
import { join } from 'node:path';
import { type BenchSite, run } from './site.ts';

/** The same end state with the fewest calls and commands: what a deploy costs at least. Step → milliseconds. */
export type Steps = Readonly<Record<string, number>>;

export function total(steps: Steps): number {
  return Object.values(steps).reduce((sum, time) => sum + time, 0);
}

const VMID = 909;
const INSTALL = 'apt-get install -q -y apache2 || { apt-get update -q && apt-get install -q -y apache2; }';
/** As libs/apache has it. */
const SERVICE = `export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8; ( ${INSTALL} ) >/dev/null
printf '<h1>Hello from apache</h1>\\n' >/var/www/html/index.html
chown app:app /var/www/html/index.html && chmod 644 /var/www/html/index.html
systemctl enable --quiet --now apache2
curl --silent --show-error --fail --noproxy '*' --output /dev/null http://127.0.0.1/`;
/** Of the baseline: what every container of a site has. */
const USERS = `export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
( apt-get install -q -y --no-install-recommends sudo ca-certificates curl || { apt-get update -q && apt-get install -q -y --no-install-recommends sudo ca-certificates curl; } ) >/dev/null
groupadd --gid 1000 app; groupadd --gid 1001 config
useradd --uid 1000 --gid app --home-dir /app --create-home app; useradd --uid 1001 --gid config --create-home config
echo 'config ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/config
printf 'PasswordAuthentication no\\n' >/etc/ssh/sshd_config.d/00-bench.conf; systemctl restart ssh`;
const KEYS = `rm -f /etc/ssh/ssh_host_* && ssh-keygen -q -A && systemctl restart ssh`;

/** A container cloned from an image, with its own size, address and host keys, that serves the page. */
export function cloneByHand(site: BenchSite, image: number): Promise<Steps> {
  return measured(site, async (timed) => {
    await timed('clone', () =>
      site.task('POST', `/nodes/pve/lxc/${image}/clone`, { newid: VMID, hostname: 'floor', description: 'by hand' }),
    );
    await timed('resize', () => site.task('PUT', `/nodes/pve/lxc/${VMID}/resize`, { disk: 'rootfs', size: '8G' }));
    await timed('config', () => site.call('PUT', `/nodes/pve/lxc/${VMID}/config`, config(site)));
    await startAndReach(site, timed);
    await timed('host keys', () => ssh(site, KEYS));
    await timed('apache2 and the page', () => ssh(site, SERVICE));
  });
}

/** A container made from the template. */
export function createByHand(site: BenchSite, template: string): Promise<Steps> {
  return measured(site, async (timed) => {
    await timed('create', () =>
      site.task('POST', '/nodes/pve/lxc', {
        vmid: VMID,
        ostemplate: template,
        hostname: 'floor',
        rootfs: 'local-lvm:8',
        unprivileged: 1,
        features: 'nesting=1',
        'ssh-public-keys': site.publicKey,
        ...config(site),
      }),
    );
    await startAndReach(site, timed);
    await timed('users, sshd, packages', () => ssh(site, USERS));
    await timed('apache2 and the page', () => ssh(site, SERVICE));
  });
}

const address = ({ prefix }: BenchSite): string => `${prefix}.9.9`;

function config(site: BenchSite): Readonly<Record<string, string | number>> {
  const net0 = `name=eth0,bridge=vmbr0,ip=${address(site)}/16,gw=${site.node.gateway},type=veth,hwaddr=BC:24:11:00:09:09`;
  return { memory: 2048, swap: 512, cores: 2, onboot: 1, net0 };
}

type TimedStep = (name: string, work: () => Promise<unknown>) => Promise<void>;

async function startAndReach(site: BenchSite, timed: TimedStep): Promise<void> {
  await timed('start', () => site.task('POST', `/nodes/pve/lxc/${VMID}/status/start`));
  await timed('until SSH answers', () => banner(address(site)));
  await timed('login', () => ssh(site, 'true'));
}

async function measured(site: BenchSite, work: (timed: TimedStep) => Promise<void>): Promise<Steps> {
  const steps: Record<string, number> = {};
  try {
    await work(async (name, step) => {
      const began = performance.now();
      await step();
      steps[name] = performance.now() - began;
    });
    return steps;
  } finally {
    await run('ssh', ['-o', `ControlPath=${join(site.folder, 'control')}`, '-O', 'exit', 'floor']).catch(
      () => undefined,
    );
    await site.task('POST', `/nodes/pve/lxc/${VMID}/status/stop`).catch(() => undefined);
    await site.task('DELETE', `/nodes/pve/lxc/${VMID}`);
  }
}

/** One connection, many commands; the host's key is taken as it comes the first time, and only here. */
async function ssh(site: BenchSite, script: string): Promise<void> {
  const options = {
    ControlMaster: 'auto',
    ControlPath: join(site.folder, 'control'),
    ControlPersist: '60',
    StrictHostKeyChecking: 'accept-new',
    UserKnownHostsFile: join(site.folder, `known-${performance.now()}`),
    LogLevel: 'ERROR',
  };
  const argv = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  const child = run('ssh', [...argv, '-i', site.key, `root@${address(site)}`, 'sh -se'], { maxBuffer: 1 << 26 });
  child.child.stdin?.end(script);
  await child;
}

/** The first line of the SSH server. */
async function banner(host: string): Promise<void> {
  const end = performance.now() + 120_000;
  while (performance.now() < end) {
    const said = await new Promise<boolean>((resolve) => {
      const socket = connect({ host, port: 22, timeout: 1000 });
      const done = (yes: boolean) => () => {
        socket.destroy();
        resolve(yes);
      };
      socket.on('data', done(true)).on('error', done(false)).on('timeout', done(false)).on('close', done(false));
    });
    if (said) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no SSH server answers at ${host}`);
}
