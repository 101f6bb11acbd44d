import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError } from '../http/answer.ts';
import type { StorageConfig } from '../profile.ts';
import { Document } from './files.ts';

/** A volume id in its two halves. */
export interface VolumeId {
  readonly storage: string;
  readonly name: string;
}

/** What a volume's name says. */
export interface VolumeName {
  readonly content: 'images' | 'rootdir' | 'iso' | 'vztmpl' | 'backup' | 'snippets';
  readonly vmid?: number;
  readonly format: string;
  /** The volume of a template. */
  readonly isBase: boolean;
}

/** undefined: not `storage:name`. */
export function splitVolumeId(volid: string): VolumeId | undefined {
  const [, storage, name] = /^([a-z][a-z0-9\-_.]*[a-z0-9]):(.+)$/i.exec(volid) ?? [];
  return storage === undefined || name === undefined ? undefined : { storage, name };
}

export function parseVolumeId(volid: string): VolumeId {
  const id = splitVolumeId(volid);
  if (id === undefined) throw new ApiError(500, `unable to parse volume ID '${volid}'`);
  return id;
}

/** Folder of a content kind below a directory storage. */
const FOLDERS = { iso: 'template/iso', vztmpl: 'template/cache', backup: 'dump', snippets: 'snippets' } as const;
type FileContent = keyof typeof FOLDERS;

/** In a directory any image in the guest's folder is one (row 850); a thin volume says its guest in its name. */
const DIRECTORY_VOLUME = /^(?:\d+\/\S+\/)?(\d+)\/(\S+\.(raw|qcow2|vmdk|subvol))$/;

/** File names of a content kind; everything else is no volume. */
const FILE_NAMES = {
  iso: /\.(?:iso|img)$/i,
  vztmpl: /\.tar\.(?:gz|xz|zst|bz2)$/i,
  backup: /\.(?:tgz|(?:tar|vma)(?:\.(?:gz|lzo|zst))?)$/,
  snippets: /./,
} as const;
const THIN_VOLUME = /^(?:vm|base)-(\d+)-\S+$/;

export interface StoredFile {
  /** e.g. `vztmpl/debian-13-standard_13.1-2_amd64.tar.zst` */
  readonly name: string;
  readonly size: number;
  readonly ctime: number;
  readonly notes?: string;
  /** A backup that is neither pruned nor deleted. */
  readonly protected: boolean;
}

/** storage.cfg and what lies in the storages' directories. */
export class Storages {
  readonly #configs: Document<{ storages: StorageConfig[] }>;
  readonly #directory: string;

  constructor(stateDirectory: string, first: readonly StorageConfig[]) {
    this.#directory = join(stateDirectory, 'storage');
    this.#configs = new Document(join(stateDirectory, 'storage.json'), () => ({ storages: [...first] }));
    for (const { storage } of this.all()) mkdirSync(join(this.#directory, storage), { recursive: true });
  }

  all(): readonly StorageConfig[] {
    return this.#configs.value.storages;
  }

  find(storage: string): StorageConfig | undefined {
    return this.all().find((config) => config.storage === storage);
  }

  get(storage: string): StorageConfig {
    const config = this.find(storage);
    if (config === undefined) throw new ApiError(500, `storage '${storage}' does not exist`);
    return config;
  }

  enabled(storage: string): StorageConfig {
    const config = this.get(storage);
    if (config.disable === true) throw new ApiError(500, `storage '${storage}' is disabled`);
    return config;
  }

  /** Where a storage's bytes are. */
  directory(storage: string): string {
    return join(this.#directory, storage);
  }

  replace(config: StorageConfig): void {
    this.#configs.update((value) => {
      value.storages = [...value.storages.filter((other) => other.storage !== config.storage), config];
    });
    mkdirSync(this.directory(config.storage), { recursive: true });
  }

  remove(storage: string): void {
    this.#configs.update((value) => {
      value.storages = value.storages.filter((other) => other.storage !== storage);
    });
  }

  /** Throws as Proxmox VE does for a name that its plugin cannot read. */
  parseName({ storage, name }: VolumeId): VolumeName {
    const config = this.get(storage);
    const [, kind, file = ''] = /^(iso|vztmpl|backup|snippets)\/([^/]+)$/.exec(name) ?? [];
    const content = kind as FileContent | undefined;
    if (content !== undefined && config.type !== 'lvmthin' && FILE_NAMES[content].test(file)) {
      return fileName(content, file);
    }
    const [, folder, image = '', extension] = DIRECTORY_VOLUME.exec(name) ?? [];
    const owner = config.type === 'lvmthin' ? THIN_VOLUME.exec(name)?.[1] : folder;
    if (owner === undefined) {
      const what = config.type === 'lvmthin' ? 'lvm volume' : 'directory volume';
      throw new ApiError(500, `unable to parse ${what} name '${name}'`);
    }
    const isBase = /^base-/.test(config.type === 'lvmthin' ? name : image);
    return { content: 'images', vmid: Number(owner), format: extension ?? 'raw', isBase };
  }

  /** Path of a file volume (template, ISO image …), whether it exists or not. */
  filePath({ storage, name }: VolumeId): string {
    const [content = '', file = ''] = name.split('/');
    const folder = content in FOLDERS ? FOLDERS[content as FileContent] : content;
    return join(this.directory(storage), folder, file);
  }

  /** Where Proxmox VE would say that a volume is. */
  shownPath({ storage, name }: VolumeId, content: VolumeName['content']): string {
    const { path, vgname } = this.get(storage);
    if (path === undefined) return `/dev/${vgname ?? ''}/${name}`;
    if (content === 'images' || content === 'rootdir') return `${path}/images/${name}`;
    return `${path}/${FOLDERS[content]}/${name.split('/').at(-1) ?? ''}`;
  }

  /** Files of a storage, by content kind. */
  files(storage: string, content: FileContent): readonly StoredFile[] {
    const folder = join(this.directory(storage), FOLDERS[content]);
    if (!existsSync(folder)) return [];
    return readdirSync(folder)
      .filter((name) => !/^\.|\.(?:tmp|notes|protected)$/.test(name))
      .sort()
      .map((name) => {
        const stat = statSync(join(folder, name));
        const notes = join(folder, `${name}.notes`);
        return {
          name: `${content}/${name}`,
          size: stat.size,
          ctime: Math.floor(stat.ctimeMs / 1000),
          ...(existsSync(notes) ? { notes: readFileSync(notes, 'utf8') } : {}),
          protected: existsSync(join(folder, `${name}.protected`)),
        };
      });
  }
}

function fileName(content: FileContent, file: string): VolumeName {
  const archive = /\.(tar\.(?:gz|xz|zst))$/.exec(file)?.[1];
  const vmid = /^vzdump-lxc-(\d+)-/.exec(file)?.[1];
  const format =
    content === 'vztmpl' ? `t${archive?.slice(4) ?? 'gz'}` : content === 'backup' ? (archive ?? 'tar') : content;
  return { content, format, isBase: false, ...(vmid === undefined ? {} : { vmid: Number(vmid) }) };
}
