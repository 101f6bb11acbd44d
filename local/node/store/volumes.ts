import { join } from 'node:path';
import type { Backend, Volume } from '../backend/backend.ts';
import { type Clock, seconds } from '../clock.ts';
import { ApiError } from '../http/answer.ts';
import { Document } from './files.ts';
import type { Storages } from './storages.ts';

export interface VolumeRecord {
  readonly storage: string;
  readonly name: string;
  readonly vmid: number;
  /** bytes */
  readonly size: number;
  readonly ctime: number;
  /** volid that this one was cloned from */
  readonly parent?: string;
}

export function volid({ storage, name }: { readonly storage: string; readonly name: string }): string {
  return `${storage}:${name}`;
}

/** The book of guest volumes: names, owners, sizes. The bytes are the back end's. */
export class Volumes {
  readonly #records: Document<{ volumes: VolumeRecord[] }>;
  readonly #storages: Storages;
  readonly #backend: Backend;
  readonly #clock: Clock;

  constructor(stateDirectory: string, parts: { storages: Storages; backend: Backend; clock: Clock }) {
    this.#records = new Document(join(stateDirectory, 'volumes.json'), () => ({ volumes: [] }));
    this.#storages = parts.storages;
    this.#backend = parts.backend;
    this.#clock = parts.clock;
  }

  on(storage: string): readonly VolumeRecord[] {
    return this.#records.value.volumes.filter((volume) => volume.storage === storage);
  }

  owned(vmid: number): readonly VolumeRecord[] {
    return this.#records.value.volumes.filter((volume) => volume.vmid === vmid);
  }

  find(id: string): VolumeRecord | undefined {
    return this.#records.value.volumes.find((volume) => volid(volume) === id);
  }

  get(id: string): VolumeRecord {
    const record = this.find(id);
    if (record === undefined) throw new ApiError(500, `volume '${id}' does not exist`);
    return record;
  }

  /** Makes a volume under the next free disk number; size 0 is a plain subvolume. */
  async allocate(storage: string, vmid: number, size: number): Promise<VolumeRecord> {
    const record = { storage, name: this.#freeName(storage, vmid, size), vmid, size, ctime: seconds(this.#clock) };
    return this.register(record, () => this.#backend.allocate(toVolume(record)));
  }

  /** Books a volume first, so that a kill in the middle leaves something to clean up, then makes it. */
  async register(record: VolumeRecord, make: () => Promise<void>): Promise<VolumeRecord> {
    this.#records.update((value) => value.volumes.push(record));
    try {
      await make();
    } catch (error) {
      await this.free(volid(record));
      throw error;
    }
    return record;
  }

  async free(id: string): Promise<void> {
    const record = this.find(id);
    if (record === undefined) return;
    await this.#backend.free(toVolume(record));
    this.#records.update((value) => {
      value.volumes = value.volumes.filter((volume) => volid(volume) !== id);
    });
  }

  resize(id: string, size: number): void {
    this.#records.update((value) => {
      value.volumes = value.volumes.map((volume) => (volid(volume) === id ? { ...volume, size } : volume));
    });
  }

  async used(record: VolumeRecord): Promise<number> {
    return this.#backend.volumeUsage(toVolume(record));
  }

  #freeName(storage: string, vmid: number, size: number): string {
    const { type } = this.#storages.get(storage);
    const taken = new Set(
      this.on(storage)
        .filter((volume) => volume.vmid === vmid)
        .map((volume) => /disk-(\d+)/.exec(volume.name)?.[1]),
    );
    let number = 0;
    while (taken.has(String(number))) number += 1;
    if (type === 'lvmthin') return `vm-${vmid}-disk-${number}`;
    return size === 0 ? `${vmid}/subvol-${vmid}-disk-${number}.subvol` : `${vmid}/vm-${vmid}-disk-${number}.raw`;
  }
}

export function toVolume(record: VolumeRecord): Volume {
  return { storage: record.storage, name: record.name, vmid: record.vmid, size: record.size };
}
