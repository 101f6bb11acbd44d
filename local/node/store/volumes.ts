import { join } from 'node:path';
import type { Backend, Volume } from '../backend/backend.ts';
import { type Clock, seconds } from '../clock.ts';
import { ApiError } from '../http/answer.ts';
import { Document } from './files.ts';
import { parseVolumeId, type Storages } from './storages.ts';

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

/** What a copy becomes. */
export interface CopyTarget {
  readonly storage: string;
  readonly vmid: number;
  readonly linked: boolean;
  /** Of the source; without it the source as it is. */
  readonly snapshot?: string;
  /** bytes; default: the source's */
  readonly size?: number;
  /** Called before the copy is there. */
  readonly onName: (id: string) => void;
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
  /** Storages on which nothing more fits: set by the fault endpoint. */
  readonly full = new Set<string>();

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

  /** Throws for a name that the storage cannot read, and for a volume that is not there. */
  get(id: string): VolumeRecord {
    this.#storages.parseName(parseVolumeId(id));
    const record = this.find(id);
    if (record === undefined) throw new ApiError(500, `volume '${id}' does not exist`);
    return record;
  }

  /** Makes a volume under the next free disk number; size 0 is a plain subvolume. `onName`: called before it is there. */
  async allocate(
    storage: string,
    vmid: number,
    size: number,
    onName: (id: string) => void = () => {},
  ): Promise<VolumeRecord> {
    const record = { storage, name: this.#freeName(storage, vmid, size), vmid, size, ctime: seconds(this.#clock) };
    onName(volid(record));
    return this.register(record, () => this.#backend.allocate(toVolume(record)));
  }

  /** Books a volume first, so that a kill in the middle leaves something to clean up, then makes it. */
  async register(record: VolumeRecord, make: () => Promise<void>): Promise<VolumeRecord> {
    this.assertSpace(record.storage);
    this.#records.update((value) => value.volumes.push(record));
    try {
      await make();
    } catch (error) {
      await this.free(volid(record));
      throw error;
    }
    return record;
  }

  /** Throws what a program says that writes to a full file system. */
  assertSpace(storage: string): void {
    if (!this.full.has(storage)) return;
    const path = this.#storages.get(storage).path ?? `/dev/${storage}`;
    throw new ApiError(500, `unable to write to '${path}' - No space left on device`);
  }

  /** A new volume with the content of another, or of a snapshot of it. */
  async copy(
    source: VolumeRecord,
    to: CopyTarget,
    task: { readonly log: (line: string) => void; readonly signal: AbortSignal },
  ): Promise<VolumeRecord> {
    const { storage, vmid, snapshot, size = source.size } = to;
    const record: VolumeRecord = {
      storage,
      name: this.#freeName(storage, vmid, size),
      vmid,
      size,
      ctime: seconds(this.#clock),
      ...(to.linked ? { parent: volid(source) } : {}),
    };
    to.onName(volid(record));
    const options = { linked: to.linked, ...(snapshot === undefined ? {} : { snapshot }) };
    const copy = this.#backend.volumeWork?.copy;
    if (copy === undefined) throw new ApiError(500, `the ${this.#backend.kind} back end cannot copy volumes`);
    return this.register(record, () => copy(toVolume(source), toVolume(record), options, task.log, task.signal));
  }

  /** The same volume under another owner's next free name, or under this name. `onName`: called before. */
  async rename(
    id: string,
    vmid: number,
    onName: (from: string, to: string) => void,
    name?: string,
  ): Promise<VolumeRecord> {
    const before = this.get(id);
    const after = { ...before, vmid, name: name ?? this.#freeName(before.storage, vmid, before.size) };
    onName(id, volid(after));
    await this.#backend.volumeWork?.rename(toVolume(before), toVolume(after));
    this.#replace(id, after);
    return after;
  }

  /** Undoes a renaming, however far it came. */
  async putBack(from: string, to: string): Promise<void> {
    const record = this.find(to) ?? this.find(from);
    if (record === undefined) return;
    const named = (text: string): VolumeRecord => {
      const id = parseVolumeId(text);
      return { ...record, name: id.name, vmid: this.#storages.parseName(id).vmid ?? record.vmid };
    };
    await this.#backend.volumeWork?.rename(toVolume(named(to)), toVolume(named(from)));
    this.#replace(volid(record), named(from));
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
    this.#replace(id, { ...this.get(id), size });
  }

  async used(record: VolumeRecord): Promise<number> {
    return this.#backend.volumeUsage(toVolume(record));
  }

  #replace(id: string, record: VolumeRecord): void {
    this.#records.update((value) => {
      value.volumes = value.volumes.map((volume) => (volid(volume) === id ? record : volume));
    });
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
