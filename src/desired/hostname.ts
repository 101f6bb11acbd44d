import type { Definition } from '../model/definition.ts';
import type { Problem } from '../model/errors.ts';
import type { Identity } from './identity.ts';

/** Stages whose containers carry the bare name: the first, and the only one of a local node. */
const PLAIN = new Set(['main', 'local']);

const HOSTNAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** The host name: literally as written, or the repository's name, after the stage where that is not main. */
export function hostnameOf(definition: Definition, { name, stage }: Identity, problems: Problem[]): string {
  if (definition.hostname !== undefined) return definition.hostname.value;
  const hostname = PLAIN.has(stage) ? name : `${stage}-${name}`;
  if (!HOSTNAME.test(hostname) || hostname.length > 64) {
    const file = definition.files[0] ?? definition.directory;
    const fix = 'write HOSTNAME with letters, digits and hyphens, at most 63 of them';
    problems.push({ file, key: 'HOSTNAME', message: `${hostname} is not a DNS name`, fix });
  }
  return hostname;
}
