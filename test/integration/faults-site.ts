import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { layoutOf } from '../../local/node/backend/lxc/layout.ts';
import { parseDescription } from '../../src/model/mark.ts';
import { CliSite, type Ended } from '../contract/support/cli.ts';
import { dataOf } from '../contract/support/node-client.ts';
import { debianTemplate } from './lxc-template.ts';
import { describeTree, makeTree } from './lxc-tree.ts';

export const VMID = 1042;
const TAP = resolve(import.meta.dirname, '..', '..', 'build', 'test', 'faults', 'process-tap.js');

/** When a run dies: before its n-th write or command leaves, or with the answer there and not read. n counts from 0. */
export interface Death {
  readonly at: number;
  readonly side: 'before' | 'after';
}

/** A command line with a real local node, whose runs can be killed at a write or a command. */
export class FaultSite {
  readonly site: CliSite;
  readonly #log: string;

  private constructor(site: CliSite) {
    this.site = site;
    this.#log = join(site.folder, 'wire.log');
  }

  static async open(): Promise<FaultSite> {
    const template = await debianTemplate(13);
    const site = await CliSite.open('lxc');
    const cache = join(site.state, 'node', 'storage', 'local', 'template', 'cache');
    mkdirSync(cache, { recursive: true });
    copyFileSync(template, join(cache, basename(template)));
    // As a site has it from its first deploy on: containers and candidates are clones.
    site.images = 'build';
    return new FaultSite(site);
  }

  define(yaml: string, script: string): string {
    const files = { 'config.env': null, 'container.yml': yaml, 'configure.sh': script };
    return this.site.definition('apache', files, 'web');
  }

  /** A deploy, and what it wrote and ran; `code` is null when it was killed. */
  async deploy(directory: string, death?: Death): Promise<Ended & { readonly sent: readonly string[] }> {
    writeFileSync(this.#log, '');
    const ended = await this.site.run(['deploy', directory], {
      NODE_OPTIONS: `--import=${TAP}`,
      FAULTS_LOG: this.#log,
      ...(death === undefined ? {} : { FAULTS_DEATH: `${death.side} ${death.at}` }),
    });
    return { ...ended, sent: readFileSync(this.#log, 'utf8').split('\n').slice(0, -1) };
  }

  inside(command: string): string {
    const { containers } = layoutOf(join(this.site.state, 'node'));
    const argv = ['-P', containers, '-n', String(VMID), '--clear-env', '--', 'sh', '-c', command];
    return execFileSync('lxc-attach', argv, { encoding: 'utf8', timeout: 60_000 });
  }

  /** Random content and times: no two rounds have the same. */
  private filled = '';

  #tree(): string {
    return this.inside(describeTree('/srv/data/tree'));
  }

  /** Puts a tree with everything that can be lost into the volume. */
  fill(): void {
    this.inside(`rm -rf /srv/data/tree; ${makeTree('/srv/data/tree')}`);
    this.filled = this.#tree();
  }

  async remove(): Promise<void> {
    const { client } = this.site;
    const settle = async (method: string, path: string): Promise<void> => {
      const upid = dataOf<string>(await client.call(method, path));
      for (;;) {
        const status = dataOf<{ exitstatus?: string }>(await client.call('GET', `/nodes/pve/tasks/${upid}/status`));
        if (status.exitstatus !== undefined) return;
        await new Promise((done) => setTimeout(done, 50));
      }
    };
    await client.call('PUT', `/nodes/pve/lxc/${VMID}/config`, { protection: 0 });
    await settle('POST', `/nodes/pve/lxc/${VMID}/status/stop`);
    await settle('DELETE', `/nodes/pve/lxc/${VMID}`);
    rmSync(join(this.site.state, 'node', 'storage', 'local', 'dump'), { recursive: true, force: true });
  }

  /** Everything that a deploy may leave, without what differs between two that go well. */
  async state(): Promise<unknown> {
    const { client, state } = this.site;
    const list = async (path: string) => dataOf<readonly Record<string, unknown>[]>(await client.call('GET', path));
    const guests = await list('/nodes/pve/lxc');
    const configs = guests.map(async ({ vmid, status }) => {
      const { digest: _, description, ...config } = (await this.site.config(Number(vmid))) ?? {};
      const { text, mark } = parseDescription(String(description ?? ''));
      const snapshots = (await list(`/nodes/pve/lxc/${vmid}/snapshot`)).map(({ name }) => name);
      return { vmid, status, config, text, mark, snapshots };
    });
    const backups = await list('/nodes/pve/storage/local/content?content=backup');
    const { run } = layoutOf(join(state, 'node'));
    const roots = ['pool', 'storage'].map((name) => join(run, name)).filter((root) => existsSync(root));
    const trees = roots.flatMap((root) =>
      readdirSync(root).flatMap((storage) =>
        readdirSync(join(root, storage)).map((vmid) => [storage, vmid, readdirSync(join(root, storage, vmid)).length]),
      ),
    );
    const whole = {
      guests: await Promise.all(configs),
      volumes: (await list('/nodes/pve/storage/local-lvm/content')).map(({ vmid, size }) => [vmid, size]),
      backups: backups.map(({ vmid, notes }) => [vmid, notes]),
      trees,
      making: JSON.parse(readFileSync(join(state, 'node', 'making.json'), 'utf8')) as unknown,
      tree: this.#tree() === this.filled ? 'byte for byte' : this.#tree(),
      seen: this.inside('cat /srv/data/seen'),
    };
    const snapshots = [...new Set(JSON.stringify(whole).match(/pgo_\d{8}_\d{6}/g) ?? [])].toSorted();
    const text = JSON.stringify(whole)
      .replace(/disk-\d+/g, 'disk')
      // identity() has it
      .replace(/hwaddr=[0-9A-F:]+/gi, 'hwaddr')
      .replace(/"SHA256:[A-Za-z0-9+/]{20,}"(,"SHA256:[A-Za-z0-9+/]{20,}")*/g, '"keys"')
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'a time')
      .replace(/pgo_\d{8}_\d{6}/g, (name) => `pgo_${snapshots.indexOf(name)}`);
    return JSON.parse(text) as unknown;
  }

  /** MAC and host keys, which a replace keeps. */
  async identity(): Promise<unknown> {
    const mac = /hwaddr=([0-9A-F:]+)/i.exec(String((await this.site.config(VMID))?.net0))?.[1];
    return { mac, keys: this.inside('cat /etc/ssh/ssh_host_*_key.pub') };
  }

  close(): Promise<void> {
    return this.site.close();
  }
}
