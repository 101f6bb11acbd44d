import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const BUILT = resolve(import.meta.dirname, '../../build/local/node/backend/lxc/lxc-backend.js');

/**
 * A host of its own for looking at what a back end does to one: own network and mounts, a copy of /etc to write to.
 * Kernel switches that have no namespace are the machine's; other work on it must leave those alone.
 */
export interface CleanRoom {
  /** Everything that a reset must give back, as text. */
  snapshot(): string;
  /** Runs a command in there; its output. */
  run(...argv: readonly string[]): string;
  /** Calls a method of the back end in a process of its own. `killAfter`: SIGKILL at that many journal entries. */
  call(method: 'open' | 'resetHost', killAfter?: number): Promise<'done' | 'killed'>;
  readonly journal: string;
  remove(): Promise<void>;
}

const SETUP = `
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$1/layers"
mkdir "$1/layers/upper" "$1/layers/work"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/layers/upper,workdir=$1/layers/work" /etc
mkdir "$1/layers/cgroup"
mount --rbind /sys/fs/cgroup "$1/layers/cgroup"
mount -t sysfs sysfs /sys
mount --rbind "$1/layers/cgroup" /sys/fs/cgroup
# Mounts of other nodes would vanish from here when those go.
cut -d' ' -f5 /proc/self/mountinfo | grep '^/run/' | sort -r | xargs -r umount -l
mount -t tmpfs tmpfs /run
mkdir -p /var/lib/pve-gitops
mount -t tmpfs tmpfs /var/lib/pve-gitops
: > /etc/subuid
: > /etc/subgid
ip link set lo up
echo ready
exec sleep infinity
`;

const LOOK = `
ip -o link | cut -d' ' -f2
nft list ruleset
iptables-save 2>/dev/null | grep -v '^#' | sed 's/\\[[0-9]*:[0-9]*\\]//' || true
cut -d' ' -f5 /proc/self/mountinfo | grep -v -E '^/(var/)?tmp/' | sort
cut -d' ' -f5 /proc/self/mountinfo | grep -F "$1" | sort
cat /proc/sys/net/ipv4/ip_forward
cat /etc/subuid /etc/subgid
ls -A /run /var/lib/pve-gitops
pgrep -a 'lxcfs|dnsmasq' | grep -F "$1" || true
losetup --list --noheadings --output BACK-FILE | grep -F "$1" || true
`;

export function isBuilt(): boolean {
  return existsSync(BUILT);
}

export async function openCleanRoom(network: string): Promise<CleanRoom> {
  const folder = mkdtempSync('/var/tmp/pgo-room-');
  mkdirSync(join(folder, 'layers'));
  const state = join(folder, 'state');
  const journal = join(state, 'host-journal.jsonl');
  const holder = spawn('unshare', ['--net', '--mount', 'sh', '-c', SETUP, 'sh', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const enter = ['-t', String(holder.pid), '-n', '-m', '--'];
  const script = join(folder, 'call.mjs');
  const options = { stateDirectory: state, network, storages: [{ storage: 'local', path: join(state, 'local') }] };
  writeFileSync(
    script,
    `import { createLxcBackend } from ${JSON.stringify(pathToFileURL(BUILT).href)};
     const backend = createLxcBackend({ ...${JSON.stringify(options)}, log: () => {} });
     await backend[process.argv[2]]();`,
  );
  const entries = (): number =>
    existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').filter(Boolean).length : 0;
  const run = (...argv: readonly string[]): string =>
    execFileSync('nsenter', [...enter, ...argv], { encoding: 'utf8', timeout: 60_000 });
  return {
    journal,
    run,
    snapshot: () => run('sh', '-c', LOOK, 'sh', folder),
    async call(method, killAfter) {
      const child = spawn('nsenter', [...enter, process.execPath, script, method], {
        stdio: ['ignore', 'inherit', 'pipe'],
      });
      let errors = '';
      child.stderr.on('data', (chunk) => {
        errors += String(chunk);
      });
      const exited = once(child, 'exit');
      let ended = false;
      void exited.then(() => {
        ended = true;
      });
      // nsenter without a pid namespace becomes the program itself, so its id is the node's.
      while (killAfter !== undefined && !ended && entries() < killAfter) await new Promise(setImmediate);
      if (killAfter !== undefined && !ended) child.kill('SIGKILL');
      const [code, signal] = (await exited) as [number | null, string | null];
      if (signal === 'SIGKILL') return 'killed';
      if (code !== 0) throw new Error(`${method} ended with ${code}: ${errors}`);
      return 'done';
    },
    async remove() {
      const exited = once(holder, 'exit');
      holder.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
