import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlEndpoint } from '../../src/connect.ts';
import { statusOfNode } from '../node/daemon.ts';
import type { NodeFile } from '../node/node-file.ts';

/** The running local node as a source of settings: half of another server's connection is of no use to it. */
export interface LocalNode {
  readonly file: NodeFile;
  /** By key of docs/settings.md. */
  readonly settings: Readonly<Record<string, string>>;
  /** A node that runs no containers takes their commands itself. */
  readonly control?: ControlEndpoint;
}

export function nodeState(stateDirectory: string): string {
  return join(stateDirectory, 'node');
}

/** undefined: none is running. */
export function describeLocalNode(stateDirectory: string): LocalNode | undefined {
  const found = statusOfNode(nodeState(stateDirectory));
  if (found.status !== 'running') return undefined;
  const { file } = found;
  const settings: Record<string, string> = {
    'proxmox.host': '127.0.0.1',
    'proxmox.port': String(file.port),
    'proxmox.node': file.node,
    'proxmox.token_id': file.token.id,
    'proxmox.token_secret': file.token.secret,
    'proxmox.user': file.user,
    'proxmox.password': file.password,
    'proxmox.ca_file': file.ca,
    // The stage of the forge's runs too: what was tried by hand is what they go on with.
    site: 'local',
    ...(file.network === undefined ? {} : { 'network.translate': file.network, 'network.gateway': file.gateway ?? '' }),
  };
  if (file.backend !== 'simulated') return { file, settings };
  return {
    file,
    settings,
    control: { url: file.control.url, secret: file.control.secret, ca: readFileSync(file.ca, 'utf8') },
  };
}
