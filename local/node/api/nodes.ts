import { readFileSync } from 'node:fs';
import { cpus, freemem, loadavg, release, totalmem, uptime, version } from 'node:os';
import { seconds } from '../clock.ts';
import type { Json } from '../http/answer.ts';
import { nodesOf } from '../members.ts';
import type { Call, Routes } from './call.ts';
import { nodeEntry, rootFileSystem } from './node-load.ts';
import { versionOf } from './version.ts';

/** Flags of the first processor as /proc/cpuinfo has them. */
function cpuFlags(): string {
  try {
    return /^flags\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
  } catch {
    return '';
  }
}

function status({ core }: Call): Json {
  const processors = cpus();
  const disk = rootFileSystem();
  const [sysname, machine] = ['Linux', process.arch === 'x64' ? 'x86_64' : process.arch];
  const { version: number, repoid } = versionOf(core.release);
  return {
    uptime: Math.floor(uptime()),
    cpu: Math.min(1, (loadavg()[0] ?? 0) / Math.max(1, processors.length)),
    idle: 0,
    wait: 0,
    loadavg: loadavg().map((value) => value.toFixed(2)),
    cpuinfo: {
      cores: processors.length,
      cpus: processors.length,
      sockets: 1,
      model: processors[0]?.model ?? '',
      mhz: (processors[0]?.speed ?? 0).toFixed(3),
      flags: cpuFlags(),
      hvm: '',
      user_hz: 100,
    },
    memory: { total: totalmem(), free: freemem(), used: totalmem() - freemem() },
    swap: { total: 0, free: 0, used: 0 },
    rootfs: { total: disk.total, used: disk.used, avail: disk.available, free: disk.free },
    ksm: { shared: 0 },
    kversion: `${sysname} ${release()} ${version()}`,
    'current-kernel': { sysname, release: release(), version: version(), machine },
    'boot-info': { mode: 'legacy-bios' },
    pveversion: `pve-manager/${String(number)}/${String(repoid)}`,
  };
}

/** Bridges that the caller may use; other interfaces are shown to all (row 683). */
async function network(call: Call): Promise<Json> {
  const { core, authuser } = call;
  const type = call.text('type');
  const eth = {
    iface: 'eth0',
    type: 'eth',
    active: 1,
    families: ['inet'],
    method: 'manual',
    method6: 'manual',
    priority: 3,
  };
  const visible = (iface: string): boolean =>
    core.access.any(authuser, `/sdn/zones/localnetwork/${iface}`, ['SDN.Audit', 'SDN.Use']);
  const bridges = (await core.backend.bridges()).filter(visible).map((iface, index) => {
    const cidr = core.profile.bridges.find((bridge) => bridge.iface === iface)?.address;
    const [address, netmask] = cidr?.split('/') ?? [];
    return {
      iface,
      type: 'bridge',
      active: 1,
      autostart: 1,
      bridge_fd: '0',
      bridge_ports: '',
      bridge_stp: 'off',
      families: ['inet'],
      method: address === undefined ? 'manual' : 'static',
      method6: 'manual',
      priority: index + 4,
      ...(address === undefined || cidr === undefined ? {} : { address, cidr, netmask: netmask ?? '24' }),
    };
  });
  const wanted = (kind: string): boolean => type === undefined || type === kind || type.startsWith('any_');
  return [...(wanted('bridge') ? bridges : []), ...(wanted('eth') && type?.startsWith('any_') !== true ? [eth] : [])];
}

export const nodeRoutes: Routes = {
  'GET /nodes': (call) => Promise.all(nodesOf(call.core).map((name) => nodeEntry(call, name))),
  'GET /nodes/{node}/status': status,
  'GET /nodes/{node}/network': network,
  'GET /nodes/{node}/time': ({ core }) => {
    const now = seconds(core.clock);
    return { time: now, localtime: now - new Date().getTimezoneOffset() * 60, timezone: 'Etc/UTC' };
  },
  'GET /nodes/{node}/dns': () => ({ dns1: '127.0.0.53' }),
};
