import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomically } from './store/files.ts';

export type BackendName = 'lxc' | 'simulated';

/** <state>/node.json, mode 0600: all that a client on this machine needs. It is there while the node serves. */
export interface NodeFile {
  readonly pid: number;
  /** Start time of the process in clock ticks after boot: tells it from a later one with its number. */
  readonly started: string;
  readonly backend: BackendName;
  readonly profile: string;
  readonly release: string;
  readonly node: string;
  /** Where the node listens; the first is 127.0.0.1. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** PEM file of the CA */
  readonly ca: string;
  /** SHA-256 of the server's certificate, colon-separated */
  readonly fingerprint: string;
  readonly token: { readonly id: string; readonly secret: string };
  readonly user: string;
  readonly password: string;
  readonly control: { readonly url: string; readonly secret: string };
  /** a.b.0.0/16 of the containers, with the lxc back end */
  readonly network?: string;
  /** The bridge's own address in it. */
  readonly gateway?: string;
}

export function nodeFilePath(state: string): string {
  return join(state, 'node.json');
}

/** undefined: none was written, or it cannot be read. */
export function readNodeFile(state: string): NodeFile | undefined {
  const file = nodeFilePath(state);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as NodeFile;
  } catch {
    return undefined;
  }
}

export function writeNodeFile(state: string, file: NodeFile): void {
  writeAtomically(nodeFilePath(state), `${JSON.stringify(file, null, 2)}\n`, 0o600);
}

/** Field 22 of /proc/<pid>/stat; undefined: there is no such process. */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // a dead process that nobody has waited for yet is gone for us
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Whether the process that wrote the file still lives. */
export function isAlive(file: Pick<NodeFile, 'pid' | 'started'>): boolean {
  return processStart(file.pid) === file.started;
}
