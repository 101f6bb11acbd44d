import { Document } from '../../store/files.ts';
import type { NetworkInterface } from '../backend.ts';

/** Path → text, and name of a script → hash of what it was last given: enough to tell one content from another. */
export type SimulatedContent = Readonly<Record<string, string>>;

export interface SimulatedVolume {
  readonly size: number;
  /** bytes written into it */
  readonly used: number;
  readonly content?: SimulatedContent;
}

/** A command that somebody ran in a container. */
export interface RanCommand {
  readonly name: string;
  readonly argv: readonly string[];
  /** base64 */
  readonly input: string;
}

export interface ProgrammedAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** So often from now on; then the command does well again. undefined: always. */
  readonly times?: number;
}

/** What the simulation remembers over a restart. */
export interface SimulatedState {
  volumes: Record<string, SimulatedVolume>;
  /** volid@snapshot → what the volume held then */
  snapshots?: Record<string, SimulatedContent>;
  /** vmid → when it was started, and what it was started with */
  running: Record<
    string,
    { readonly pid: number; readonly since: number; readonly interfaces: readonly NetworkInterface[] }
  >;
  /** storage → bytes */
  capacity: Record<string, number>;
  /** Key of an interface or mount → why adding it to a running container fails. */
  hotplug: Record<string, string>;
  /** Directories that the simulated host has; undefined: every one. */
  directories?: readonly string[];
  answers: Record<string, ProgrammedAnswer>;
}

export type SimulatedDocument = Document<SimulatedState>;

export function openSimulatedState(file: string): SimulatedDocument {
  return new Document<SimulatedState>(file, () => ({
    volumes: {},
    running: {},
    capacity: {},
    hotplug: {},
    answers: {},
  }));
}
