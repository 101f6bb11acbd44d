import { constants, existsSync } from 'node:fs';
import { access, mkdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { detectCgroups, parseCgroupMounts } from './cgroups.ts';
import { hasProgram } from './programs.ts';
import { runCommand } from './run-command.ts';

export interface MissingRequirement {
  readonly what: string;
  readonly reason: string;
  /** Debian packages that would bring it; empty: installing does not help. */
  readonly packages: readonly string[];
}

/** What was found on the machine; the judgement about it is pure. */
export interface HostProbe {
  readonly platform: string;
  readonly root: boolean;
  readonly proxmox: boolean;
  /** Programs that are there. */
  readonly programs: ReadonlySet<string>;
  readonly keyring: boolean;
  readonly apt: boolean;
  /** Each undefined when it works, else why not. */
  readonly namespaces: string | undefined;
  readonly userNamespaces: string | undefined;
  readonly cgroups: string | undefined;
  readonly firewall: string | undefined;
}

/** Programs and the Debian package of each. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'lxc-start': 'lxc',
  'lxc-stop': 'lxc',
  'lxc-info': 'lxc',
  'lxc-attach': 'lxc',
  'lxc-wait': 'lxc',
  'lxc-usernsexec': 'lxc',
  newuidmap: 'uidmap',
  newgidmap: 'uidmap',
  debootstrap: 'debootstrap',
  tar: 'tar',
  zstd: 'zstd',
  nft: 'nftables',
  ip: 'iproute2',
  'ssh-keygen': 'openssh-client',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  mount: 'mount',
};

/** Not needed, but better with them: cheap clones and real sizes of volumes, DHCP, right numbers inside. */
const OPTIONAL: Readonly<Record<string, string>> = {
  'mkfs.btrfs': 'btrfs-progs',
  dnsmasq: 'dnsmasq-base',
  lxcfs: 'lxcfs',
};

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const DEADLINE = 10_000;

/** What is missing according to the probe; what makes all else pointless comes alone. */
export function judgeHost(probe: HostProbe): readonly MissingRequirement[] {
  const fatal = (what: string, reason: string): readonly MissingRequirement[] => [{ what, reason, packages: [] }];
  if (probe.platform !== 'linux') return fatal('Linux', `containers need Linux, this is ${probe.platform}`);
  if (probe.proxmox) {
    return fatal(
      'a machine of its own',
      'this is a Proxmox VE host: deploy to its own API, a local node would collide with it',
    );
  }
  const missing: MissingRequirement[] = [];
  if (!probe.root)
    missing.push({ what: 'root', reason: 'containers with an init of their own are made by root only', packages: [] });
  const absent = Object.entries(PROGRAMS).filter(([program]) => !probe.programs.has(program));
  for (const name of new Set(absent.map(([, name]) => name))) {
    const programs = absent.filter(([, other]) => other === name).map(([program]) => program);
    const reason = `${programs.join(', ')} not found`;
    missing.push({ what: name, reason, packages: probe.apt ? [name] : [] });
  }
  if (!probe.keyring) {
    const reason = `${KEYRING} not found: templates could not be verified`;
    missing.push({ what: "Debian's archive keys", reason, packages: probe.apt ? ['debian-archive-keyring'] : [] });
  }
  const working: readonly (readonly [string, string | undefined])[] = [
    ['namespaces', probe.namespaces],
    ['user namespaces', probe.userNamespaces],
    ['control groups', probe.cgroups],
    ['nftables', probe.firewall],
  ];
  for (const [what, reason] of working) if (reason !== undefined) missing.push({ what, reason, packages: [] });
  return missing;
}

async function works(argv: readonly string[]): Promise<string | undefined> {
  if (!hasProgram(argv[0] ?? '')) return undefined;
  const result = await runCommand(argv, { timeout: DEADLINE }).catch((error: unknown) => ({
    code: -1,
    stderr: String(error),
  }));
  return result.code === 0 ? undefined : result.stderr.trim().split('\n')[0] || `${argv[0]} failed`;
}

/** A folder can be made where containers' groups go: not so in an ordinary Docker container. */
async function cgroupsUsable(): Promise<string | undefined> {
  const cgroups = detectCgroups();
  if (cgroups === undefined) return 'no hierarchy is mounted under /sys/fs/cgroup';
  const mounts = parseCgroupMounts(await readFile('/proc/self/mountinfo', 'utf8'));
  const root = cgroups.version === 2 ? mounts.unified : mounts.controllers.get('memory');
  const probe = join(root ?? '/sys/fs/cgroup', `pve-gitops-check-${process.pid}`);
  try {
    await mkdir(probe);
    await rmdir(probe);
    return undefined;
  } catch (error) {
    return `not writable: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function probeHost(): Promise<HostProbe> {
  const root = process.getuid?.() === 0;
  const linux = process.platform === 'linux';
  const able = root && linux;
  return {
    platform: process.platform,
    root,
    proxmox: existsSync('/etc/pve/local') || hasProgram('pveversion'),
    programs: new Set([...Object.keys(PROGRAMS), ...Object.keys(OPTIONAL)].filter(hasProgram)),
    keyring: await access(KEYRING, constants.R_OK).then(
      () => true,
      () => false,
    ),
    apt: hasProgram('apt-get'),
    namespaces: able
      ? await works(['unshare', '--mount', '--net', '--pid', '--ipc', '--uts', '--fork', 'true'])
      : undefined,
    userNamespaces: able ? await works(['unshare', '--user', 'true']) : undefined,
    cgroups: able ? await cgroupsUsable() : undefined,
    firewall: able ? await works(['nft', 'list', 'tables']) : undefined,
  };
}

/** What this machine lacks to run the LXC back end; empty: nothing. Changes nothing. */
export async function checkHost(): Promise<readonly MissingRequirement[]> {
  return judgeHost(await probeHost());
}

/** Packages to install for what is missing; with them, those that make the back end better. */
export function packagesFor(missing: readonly MissingRequirement[]): readonly string[] {
  const needed = missing.flatMap(({ packages }) => packages);
  if (needed.length === 0) return [];
  const better = Object.entries(OPTIONAL).filter(([program]) => !hasProgram(program));
  return [...new Set([...needed, ...better.map(([, name]) => name)])];
}
