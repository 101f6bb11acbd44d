import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError } from '../http/answer.ts';
import { writeAtomically } from '../store/files.ts';
import { digestOf, emptyConfig, type GuestConfig, parseConfig, printConfig } from './config.ts';
import { isMountKey } from './mount-point.ts';

export type GuestKind = 'lxc' | 'qemu';

/** Folder of a kind, below nodes/<node>, as in /etc/pve. */
const FOLDERS: Readonly<Record<GuestKind, string>> = { lxc: 'lxc', qemu: 'qemu-server' };

export interface StoredGuest {
  readonly config: GuestConfig;
  readonly digest: string;
}

/** The guests' config files, cached; this process is their only writer. */
export class Guests {
  readonly #node: string;
  readonly #directory: string;
  /** Set by the fault endpoint: no quorum makes /etc/pve read-only. */
  readOnly = false;
  readonly #texts: Record<GuestKind, Map<number, string>> = { lxc: new Map(), qemu: new Map() };

  constructor(stateDirectory: string, node: string) {
    this.#node = node;
    this.#directory = join(stateDirectory, 'nodes', node);
    for (const kind of ['lxc', 'qemu'] as const) {
      const folder = join(this.#directory, FOLDERS[kind]);
      mkdirSync(folder, { recursive: true });
      for (const name of readdirSync(folder)) {
        const vmid = /^(\d+)\.conf$/.exec(name)?.[1];
        if (vmid !== undefined) this.#texts[kind].set(Number(vmid), readFileSync(join(folder, name), 'utf8'));
      }
    }
  }

  /** Ascending. */
  ids(kind: GuestKind): readonly number[] {
    return [...this.#texts[kind].keys()].sort((a, b) => a - b);
  }

  has(kind: GuestKind, vmid: number): boolean {
    return this.#texts[kind].has(vmid);
  }

  /** What uses a vmid; vmids are shared by both kinds. */
  kindOf(vmid: number): GuestKind | undefined {
    return this.has('lxc', vmid) ? 'lxc' : this.has('qemu', vmid) ? 'qemu' : undefined;
  }

  /** A copy to be changed at will. Throws the 500 that Proxmox VE gives for a guest that is not there. */
  read(kind: GuestKind, vmid: number): StoredGuest {
    const text = this.#texts[kind].get(vmid);
    if (text === undefined) {
      throw new ApiError(500, `Configuration file 'nodes/${this.#node}/${FOLDERS[kind]}/${vmid}.conf' does not exist`);
    }
    return { config: parseConfig(text), digest: digestOf(text) };
  }

  /** What is mounted again is not unused any more: Proxmox VE drops such lines whenever it writes a config. */
  write(kind: GuestKind, vmid: number, config: GuestConfig): void {
    const entries = Object.entries(config.values);
    const mounted = new Set(entries.filter(([key]) => isMountKey(key)).map(([, value]) => value.split(',')[0]));
    const values = entries.filter(([key, value]) => !key.startsWith('unused') || !mounted.has(value));
    this.writeText(kind, vmid, printConfig({ ...config, values: Object.fromEntries(values) }));
  }

  writeText(kind: GuestKind, vmid: number, text: string): void {
    this.#assertWritable(kind, vmid);
    writeAtomically(this.#file(kind, vmid), text, 0o640);
    this.#texts[kind].set(vmid, text);
  }

  remove(kind: GuestKind, vmid: number): void {
    this.#assertWritable(kind, vmid);
    rmSync(this.#file(kind, vmid), { force: true });
    this.#texts[kind].delete(vmid);
  }

  /** Throws when a guest of either kind has this vmid. */
  assertUnused(vmid: number): void {
    const kind = this.kindOf(vmid);
    if (kind === undefined) return;
    throw new ApiError(500, `${kind === 'lxc' ? 'CT' : 'VM'} ${vmid} already exists on node '${this.#node}'`);
  }

  /** Takes a vmid for a guest in the making. */
  reserve(vmid: number): void {
    const config = emptyConfig();
    config.values.lock = 'create';
    this.write('lxc', vmid, config);
  }

  #assertWritable(kind: GuestKind, vmid: number): void {
    if (!this.readOnly) return;
    const file = `/etc/pve/nodes/${this.#node}/${FOLDERS[kind]}/${vmid}.conf.tmp.${process.pid}`;
    throw new ApiError(500, `unable to open file '${file}' - Permission denied`);
  }

  #file(kind: GuestKind, vmid: number): string {
    return join(this.#directory, FOLDERS[kind], `${vmid}.conf`);
  }
}
