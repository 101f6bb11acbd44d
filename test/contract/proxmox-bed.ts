import type { ProxmoxPorts } from '../../src/adapters/proxmox/proxmox.ts';
import type { ContainerState } from '../../src/model/observed.ts';
import type { Clock } from '../../src/model/ports.ts';
import { client, within } from './proxmox-client.ts';
import { openTarget, type Target } from './proxmox-target.ts';

export const soon = () => within(30_000);
export const long = () => within(300_000);

/** What waits 2 s here waits 20 ms; what the server does takes its time. */
export const hurried: Clock = {
  now: () => new Date(),
  sleep: async (ms, signal) => {
    signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, ms / 100));
  },
};

/** A target with ports, for a range of vmids that is a file's own: nothing outside of it is touched. */
export class Bed {
  readonly target: Target;
  readonly ports: ProxmoxPorts;
  readonly #vmids: readonly number[];
  #template = '';

  private constructor(target: Target, vmids: readonly number[]) {
    this.target = target;
    this.#vmids = vmids;
    this.ports = client(target.connection, target.real ? {} : { clock: hurried });
  }

  static async open(vmids: readonly number[], release?: Parameters<typeof openTarget>[0]): Promise<Bed> {
    const bed = new Bed(await openTarget(release), vmids);
    await bed.#findTemplate();
    await bed.clear();
    return bed;
  }

  get node(): string {
    return this.target.node;
  }

  async close(): Promise<void> {
    await this.clear();
    await this.ports.close();
    await this.target.close();
  }

  /** A stopped container with a root file system of 1 GiB, and a volume mp0 at /data when asked for. */
  async create(vmid: number, more: Readonly<Record<string, string | number>> = {}): Promise<ContainerState> {
    const { node, storage, bridge } = this.target;
    const parameters = {
      ostemplate: this.#template,
      rootfs: `${storage}:1`,
      unprivileged: 1,
      hostname: `bed${vmid}`,
      memory: 128,
      net0: `name=eth0,bridge=${bridge},ip=manual`,
      description: `of container ${vmid}`,
      ...more,
    };
    await this.ports.containers.create(node, vmid, parameters, long());
    return await this.state(vmid);
  }

  async state(vmid: number): Promise<ContainerState> {
    const found = await this.ports.inventory.container(this.node, vmid, soon());
    if (found === undefined) throw new Error(`container ${vmid} is not there`);
    return found;
  }

  async exists(vmid: number): Promise<boolean> {
    return (await this.ports.inventory.container(this.node, vmid, soon())) !== undefined;
  }

  /** Takes away all containers, volumes and backups of the range. */
  async clear(): Promise<void> {
    const { backups, inventory, containers, volumes } = this.ports;
    const { node, storage, otherStorage, backupStorage } = this.target;
    // Linked clones before what they are made from.
    for (const vmid of [...this.#vmids].reverse()) {
      for (const task of await inventory.tasks(node, vmid, soon())) {
        if (task.running) await containers.settle(node, task.upid, long()).catch(() => undefined);
      }
      const state = await inventory.container(node, vmid, soon());
      if (state?.running === true) await containers.shutdown(node, vmid, 1, long());
      if (state !== undefined) await containers.destroy(node, vmid, long());
      for (const place of [storage, otherStorage]) {
        for (const { volid } of await volumes.list(node, place, vmid, soon())) {
          await volumes.free(node, vmid, volid, long());
        }
      }
      for (const { volid, protected: kept } of await backups.list(node, backupStorage, vmid, soon())) {
        if (kept) await backups.protect(node, volid, false, soon());
        await backups.remove(node, vmid, volid, long());
      }
    }
  }

  async #findTemplate(): Promise<void> {
    const { node, templateStorage } = this.target;
    const find = async () =>
      (await this.ports.inventory.templates(node, templateStorage, soon())).find(({ os }) => os === 'debian')?.volid;
    const present = await find();
    if (present === undefined) {
      const offers = await this.ports.inventory.offeredTemplates(node, soon());
      const offered = offers.find(({ os }) => os === 'debian');
      if (offered === undefined) throw new Error(`no Debian template on ${templateStorage}, and none is offered`);
      await this.ports.containers.downloadTemplate(node, templateStorage, offered.name, within(800_000));
    }
    this.#template = present ?? (await find()) ?? '';
  }
}
