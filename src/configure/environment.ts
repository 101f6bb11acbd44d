import { GitopsError } from '../model/errors.ts';

/** What a definition's script is told; values that are not known stay away. */
export interface GuestFacts {
  /** Address without prefix; absent with DHCP. */
  readonly ip?: string;
  /** The definition's own ID, else the vmid. */
  readonly id: number;
  readonly hostname: string;
  readonly stage: string;
  /** The forge, for definitions that ask it for variables. */
  readonly host?: string;
  readonly login?: string;
  readonly password?: string;
  /** By name; the definition names none of the others. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** Variables of a definition's script. DIR and PWD are set where it runs. */
export function guestEnvironment(facts: GuestFacts): Readonly<Record<string, string>> {
  const all: Readonly<Record<string, string | undefined>> = {
    ...facts.secrets,
    IP: facts.ip,
    ID: String(facts.id),
    HOSTNAME: facts.hostname,
    STAGE: facts.stage,
    HOST: facts.host,
    LOGIN: facts.login,
    PASSWORD: facts.password,
  };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** `KEY=value` pairs, each ended by a zero byte: a value may hold anything else. */
export function encodeEnvironment(environment: Readonly<Record<string, string>>): Uint8Array {
  const pairs = Object.entries(environment).map(([key, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) throw new GitopsError('bug', `no environment variable's name: ${key}`);
    // The value may be a secret and is not shown.
    if (value.includes('\0')) throw new GitopsError('user', `Unable to hand over ${key}: it holds a zero byte`);
    return `${key}=${value}\0`;
  });
  return new TextEncoder().encode(pairs.join(''));
}
