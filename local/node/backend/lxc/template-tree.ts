import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const BASE = [
  'systemd-sysv',
  'dbus',
  'libpam-systemd',
  'openssh-server',
  'ifupdown',
  'iproute2',
  'iputils-ping',
  'netbase',
  'procps',
  'ca-certificates',
  'locales',
  'cron',
  'logrotate',
  'less',
  'nano',
  'vim-tiny',
  'bash-completion',
  'wget',
];

/** What Proxmox VE's standard Debian template offers its users, without its mail server and Python. */
export function templatePackages(suite: string): readonly string[] {
  const older = ['buster', 'bullseye', 'bookworm'].includes(suite);
  return [...BASE, older ? 'isc-dhcp-client' : 'dhcpcd-base'];
}

/**
 * Units that can only fail in an unprivileged container, or wait for what never comes: a container is healthy when
 * no unit has failed. Waiting for networkd would hold units back for 120 s where ifupdown brings the network up.
 */
const MASKED = [
  'systemd-networkd-wait-online.service',
  'systemd-modules-load.service',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
];

/** A first boot applies presets, and would enable these beside ifupdown and the resolv.conf that we write. */
const PRESET = [
  'disable systemd-networkd.service',
  'disable systemd-networkd.socket',
  'disable systemd-resolved.service',
];

const HOSTS = [
  '127.0.0.1\tlocalhost',
  '::1\t\tlocalhost ip6-localhost ip6-loopback',
  'ff02::1\t\tip6-allnodes',
  'ff02::2\t\tip6-allrouters',
  '',
].join('\n');

export interface TemplateTexts {
  readonly sources: string;
  /** apt's proxy settings, or nothing */
  readonly proxies: string;
}

async function empty(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    await rm(join(directory, name), { recursive: true, force: true });
  }
}

/**
 * Makes a bootstrapped tree into a template: settings of its own, nothing of this machine, no keys. The tree was
 * made by us from Debian's packages, so plain paths are safe here.
 */
export async function finishTemplateTree(root: string, texts: TemplateTexts): Promise<void> {
  const put = async (path: string, content: string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await rm(join(root, path), { force: true });
    await writeFile(join(root, path), content, { mode: 0o644 });
    await chmod(join(root, path), 0o644);
  };
  await put('etc/apt/sources.list', texts.sources);
  if (texts.proxies !== '') await put('etc/apt/apt.conf.d/90proxy', texts.proxies);
  await put('etc/hostname', 'localhost\n');
  await put('etc/hosts', HOSTS);
  await put('etc/resolv.conf', '');
  await put('etc/network/interfaces', 'auto lo\niface lo inet loopback\n');
  await put('etc/default/locale', 'LANG=C.UTF-8\n');
  await put('etc/machine-id', '');
  // dpkg waits for the disk after every file; what a power cut spoils here is made anew from the template.
  await put('etc/dpkg/dpkg.cfg.d/10-local-node', 'force-unsafe-io\n');
  await put('etc/systemd/system-preset/10-container.preset', `${PRESET.join('\n')}\n`);
  // dhcpcd otherwise asks for five seconds whether somebody else has the address that it was just given.
  const dhcpcd = await readFile(join(root, 'etc/dhcpcd.conf'), 'utf8').catch(() => undefined);
  if (dhcpcd !== undefined) await put('etc/dhcpcd.conf', `${dhcpcd.trimEnd()}\nnoarp\n`);
  for (const unit of MASKED) {
    await rm(join(root, 'etc/systemd/system', unit), { force: true });
    await symlink('/dev/null', join(root, 'etc/systemd/system', unit));
  }
  for (const name of await readdir(join(root, 'etc/ssh'))) {
    if (name.startsWith('ssh_host_')) await rm(join(root, 'etc/ssh', name));
  }
  for (const path of ['usr/sbin/policy-rc.d', 'var/lib/dbus/machine-id', 'var/log/bootstrap.log', 'var/log/dpkg.log']) {
    await rm(join(root, path), { force: true });
  }
  await rm(join(root, 'var/log/alternatives.log'), { force: true });
  for (const path of ['var/lib/apt/lists', 'var/cache/apt/archives', 'var/log/apt', 'tmp'])
    await empty(join(root, path));
  await rm(join(root, 'var/cache/apt/pkgcache.bin'), { force: true });
  await rm(join(root, 'var/cache/apt/srcpkgcache.bin'), { force: true });
}
