import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import type { Fields } from '../contract/support/node-client.ts';
import type { LxcNode } from './lxc-node.ts';
import { eventually } from './lxc-site.ts';

/** What tests do with the containers of a node, most of it with the expectation that it goes well. */
export interface Guests {
  /** A call below /nodes/pve/lxc that starts a task; its exit status, or why there was none. */
  task(method: string, path: string, fields?: Fields): Promise<string>;
  /** Notes how long it took. */
  timed(what: string, work: Promise<string>): Promise<string>;
  times(): string;
  net(last: number): string;
  create(vmid: number, fields?: Fields): Promise<string>;
  /** Starts it, if need be, and waits until it has booted. */
  up(vmid: number): Promise<void>;
  stop(vmid: number): Promise<void>;
  destroy(...vmids: readonly number[]): Promise<void>;
  /** Host path of a mount point's volume. */
  root(vmid: number, key?: string): Promise<string>;
  /** Limit of a volume in bytes. */
  size(path: string): number;
}

/** Lets both storages of the profile hold volumes. */
export async function openGuests(node: LxcNode): Promise<Guests> {
  await node.client().call('PUT', '/storage/local', { content: 'iso,vztmpl,backup,rootdir' });
  const times: string[] = [];
  const guests: Guests = {
    task: (method, path, fields = {}) => node.task(method, `/nodes/pve/lxc${path}`, fields),
    async timed(what, work) {
      const begun = performance.now();
      const result = await work;
      times.push(`${what} ${Math.round(performance.now() - begun)} ms`);
      return result;
    },
    times: () => `times: ${times.join(', ')}`,
    net: (last) => `name=eth0,bridge=vmbr0,ip=${node.address(last)}/16`,
    create: (vmid, fields = {}) =>
      guests.task('POST', '', {
        ...{ vmid, ostemplate: node.template, rootfs: 'local-lvm:2', hostname: `ct${vmid}`, unprivileged: 1 },
        // root@pam alone gives features to privileged ones
        ...(fields.unprivileged === 0 ? {} : { features: 'nesting=1' }),
        ...{ memory: 256, net0: guests.net(vmid % 256), password: 'kaffee und kuchen' },
        ...fields,
      }),
    async up(vmid) {
      if (!(await node.running(vmid))) expect(await guests.task('POST', `/${vmid}/status/start`)).toBe('OK');
      const state = (): string => node.inside(vmid, 'systemctl is-system-running || true').trim();
      await eventually(() => ['running', 'degraded'].includes(state()), `${vmid} has booted`, 60_000);
    },
    async stop(vmid) {
      if (await node.running(vmid)) expect(await guests.task('POST', `/${vmid}/status/stop`)).toBe('OK');
    },
    async destroy(...vmids) {
      const fields = { force: 1, purge: 1, 'destroy-unreferenced-disks': 1 };
      for (const vmid of vmids) expect(await guests.task('DELETE', `/${vmid}`, fields)).toBe('OK');
    },
    root: async (vmid, key = 'rootfs') => node.volume(String((await node.config(vmid))[key]).split(',')[0] ?? ''),
    size(path) {
      const shown = execFileSync('btrfs', ['qgroup', 'show', '-r', '--raw', '-f', path], { encoding: 'utf8' });
      return Number(/^\d+\/\d+\s+\d+\s+\d+\s+(\d+)/m.exec(shown)?.[1]);
    },
  };
  return guests;
}
