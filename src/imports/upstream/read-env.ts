import { readAssignments } from '../../configure/assignments.ts';
import { problemOf } from '../../configure/directory-variables.ts';
import type { KeyToWrite, PlainValue } from '../../definition/write.ts';
import { formatProblem } from '../../model/errors.ts';
import { takesValue } from '../definition-key.ts';
import type { Item } from '../directory/hooks.ts';
import { takeMount } from './take-mount.ts';

export interface EnvFile {
  /** As seen from the repository's root. */
  readonly path: string;
  readonly text: string;
}

export interface ReadEnv {
  readonly keys: readonly KeyToWrite[];
  readonly items: readonly Item[];
  /** Names that it sets, with their lines. */
  readonly names: ReadonlyMap<string, number>;
  /** Something is mounted into it. */
  readonly mounts: boolean;
  /** A key that counts has a value that is none: a definition without it would be another container. */
  readonly broken: boolean;
}

/** NAME → key of container.yml, and how its text becomes a value; undefined: it is none. */
const KEYS: Readonly<Record<string, readonly [string, (text: string) => PlainValue | undefined]>> = {
  ID: ['vmid', whole],
  HOSTNAME: ['hostname', (text) => text],
  IP: ['ip', (text) => text],
  CORES: ['cores', whole],
  MEMORY: ['memory', whole],
  SWAP: ['swap', whole],
  DISK: ['disk', (text) => text.replace(/^([^:]+):(\d+)G$/i, '$1:$2')],
  BOOT: ['boot', yesNo],
  OS: ['template', (text) => text],
};

function whole(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

function yesNo(text: string): 'yes' | 'no' | undefined {
  if (/^(?:yes|true|on|1)$/i.test(text)) return 'yes';
  return /^(?:no|false|off|0)$/i.test(text) ? 'no' : undefined;
}

/** A container.env or config.env of a Proxmox-GitOps repository, which sources it; here it is read. `base`: no file is below it. */
export function readEnv({ path, text }: EnvFile, base: boolean): ReadEnv {
  const { assignments, others } = readAssignments(text);
  const items: Item[] = others.map((other) => {
    const said = formatProblem(problemOf(path, other));
    return { place: said.slice(0, said.indexOf(': ')), text: said.slice(said.indexOf(': ') + 2) };
  });
  const last = new Map(assignments.map((assignment) => [assignment.name, assignment]));
  const keys: KeyToWrite[] = [];
  let mounts = false;
  let broken = others.some((other) => other.kind === 'value' && (other.name === 'MOUNT' || other.name in KEYS));
  for (const { name, value, line } of last.values()) {
    const place = `${path}:${line}`;
    if (name === 'MOUNT') {
      const taken = takeMount(value, base);
      mounts = value !== '';
      keys.push(...taken.keys.filter((key) => takesValue(key.key, key.value)));
      const wrong = taken.keys.filter((key) => !takesValue(key.key, key.value));
      const texts = [
        ...taken.notes,
        ...wrong.map((key) => `${JSON.stringify(key.value)} is nothing that container.yml takes`),
      ];
      items.push(...texts.map((note) => ({ place, text: `MOUNT: ${note}` })));
      continue;
    }
    const known = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
    if (known === undefined) {
      items.push({ place, text: `${name}: no key says it; recipes get it as a variable of the forge’s organisation` });
      continue;
    }
    if (value === '') continue;
    const [key, convert] = known;
    const made = convert(value);
    if (made !== undefined && takesValue(key, made)) keys.push({ key, value: made });
    else {
      broken = true;
      items.push({ place, text: `${name}: ${JSON.stringify(value)} is nothing that container.yml takes` });
    }
  }
  return { keys, items, names: new Map(assignments.map(({ name, line }) => [name, line])), mounts, broken };
}
