import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkInterface } from '../backend.ts';
import type { Resolver } from './guest-text.ts';
import { usableResolver } from './guest-text.ts';
import type { HostChanger } from './host-changer.ts';
import { startDaemon } from './host-daemon.ts';
import type { HostNetwork } from './host-network.ts';
import type { Layout } from './layout.ts';
import { runningProcess } from './pid-file.ts';
import { hasProgram } from './programs.ts';

async function textOf(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '');
}

async function readHostResolver(): Promise<Resolver> {
  return usableResolver(await textOf('/etc/resolv.conf'), await textOf('/run/systemd/resolve/resolv.conf'));
}

/**
 * dnsmasq on one bridge: a DHCP server whose leases are at the far end of the network, and a forwarder for names
 * where the host's own resolver listens on its loopback only.
 */
export function dnsmasqCommand(
  network: HostNetwork,
  resolver: Resolver,
  pidFile: string,
  leases: string,
): readonly string[] {
  const far = network.gateway.replace(/\.\d+\.\d+$/, '.254');
  const forwards = resolver.nameservers.length === 0;
  const servers = forwards ? [network.gateway] : resolver.nameservers;
  return [
    'dnsmasq',
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    `--port=${forwards ? 53 : 0}`,
    '--no-hosts',
    '--no-ping',
    '--bind-interfaces',
    '--except-interface=lo',
    `--interface=${network.bridge}`,
    '--dhcp-authoritative',
    `--dhcp-range=${far}.1,${far}.254,12h`,
    `--dhcp-option=option:router,${network.gateway}`,
    `--dhcp-option=option:dns-server,${servers.join(',')}`,
    `--dhcp-leasefile=${leases}`,
    `--pid-file=${pidFile}`,
  ];
}

/** Returns when it serves; one that runs already is left as it is. */
async function runDnsmasq(
  changer: HostChanger,
  layout: Layout,
  network: HostNetwork,
  resolver: Resolver,
): Promise<void> {
  const pidFile = join(layout.state, 'dnsmasq.pid');
  if ((await runningProcess(pidFile, pidFile)) !== undefined) return;
  await changer.note({ kind: 'process', pidFile, mark: pidFile });
  const argv = dnsmasqCommand(network, resolver, pidFile, join(layout.state, 'dnsmasq.leases'));
  const ready = async (): Promise<boolean> =>
    existsSync(pidFile) && (await runningProcess(pidFile, pidFile)) !== undefined;
  await startDaemon(argv, join(layout.state, 'dnsmasq.log'), ready);
}

/** Runs a DHCP server on the bridge once a container wants an address from one. */
export async function serveDhcp(
  changer: HostChanger,
  layout: Layout,
  network: HostNetwork,
  interfaces: readonly NetworkInterface[],
): Promise<void> {
  if (interfaces.every(({ ip }) => ip !== 'dhcp')) return;
  if (!hasProgram('dnsmasq')) throw new Error('ip=dhcp needs dnsmasq on this machine: apt-get install dnsmasq-base');
  await runDnsmasq(changer, layout, network, await readHostResolver());
}

/** The resolver that containers get: the host's servers, or a forwarder to those that only the host can reach. */
export async function hostResolver(changer: HostChanger, layout: Layout, network: HostNetwork): Promise<Resolver> {
  const resolver = await readHostResolver();
  if (resolver.nameservers.length > 0 || !hasProgram('dnsmasq')) return resolver;
  await runDnsmasq(changer, layout, network, resolver);
  return { ...resolver, nameservers: [network.gateway] };
}
