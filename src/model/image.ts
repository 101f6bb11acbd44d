import type { ContainerState } from './observed.ts';

/** off: containers are made from templates. use: cloned when an image is there. build: the first one that needs it makes it. */
export type ImageMode = 'off' | 'use' | 'build';

export interface ImageSettings {
  readonly mode: ImageMode;
  /** The lowest vmid of images; they stand in the IMAGE_RANGE from there. */
  readonly vmidBase: number;
  /** Days after which an image is built anew, for the security updates since. */
  readonly maxAgeDays: number;
}

/** vmids from the base on that are kept for images. */
export const IMAGE_RANGE = 10_000;

/** In the owner mark of an image. */
export interface ImageMark {
  /** Hash of all that went in. */
  readonly key: string;
  /** What it is to be used for, and by what it is replaced: system, release, engine packages. */
  readonly kind: string;
  /** vmid of the container on whose behalf it was built, at that container's address. */
  readonly for?: number;
  /** All packages were upgraded when it was built. */
  readonly upgraded?: true;
  /** When it was finished, the server's time, ISO 8601; absent: it is not. */
  readonly built?: string;
}

/** A base image, finished or in the making. */
export interface BaseImage {
  readonly state: ContainerState;
  /** `debian-13-3f2a9c1b04de` */
  readonly name: string;
  readonly key: string;
  readonly kind: string;
  /** volid */
  readonly template: string;
  /** ISO 8601 */
  readonly built?: string;
  readonly hostKeys: readonly string[];
  /** Hash of the baseline that it has. */
  readonly baseline?: string;
  /** Of its root file system. */
  readonly storage: string;
  /** GiB */
  readonly size: number;
  readonly for?: number;
  readonly upgraded: boolean;
}

/** An image as a container is cloned from it. */
export interface CloneSource {
  readonly vmid: number;
  /** Where it stands, when that is another node than the container's: its disk is on a storage that both have. */
  readonly node?: string;
  readonly name: string;
  /** ISO 8601 */
  readonly built: string;
  readonly kind: 'linked' | 'full';
  /** GiB */
  readonly size: number;
  readonly hostKeys: readonly string[];
  /** Hash of the baseline that a clone has already; absent: it is not the one that is wanted. */
  readonly baseline?: string;
  /**
   * The MAC address that the neighbours know for the container's address, because the image was built there: with another
   * one it would be out of reach until they have forgotten (35 s, measured on a real node).
   */
  readonly mac?: string;
}

/** What a plan for a new container has to know of images; absent: it is made from its template. */
export interface ImageFacts {
  readonly key: string;
  /** Of the image that would be built. */
  readonly name: string;
  /** The newest that fits. */
  readonly source?: CloneSource;
  /** None is there, and one is to be built first. */
  readonly build: boolean;
  /** Days after which its age is worth a word. */
  readonly maxAgeDays: number;
  /** Why it is made from its template although images are on. */
  readonly why?: string;
}
