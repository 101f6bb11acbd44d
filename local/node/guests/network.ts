import { randomInt } from 'node:crypto';
import { parsePropertyString, printPropertyString } from '../schema/property-string.ts';
import type { Properties } from '../schema/types.ts';
import { formatOf } from './mount-point.ts';

export type NetworkValue = Readonly<Record<string, string>>;

/** Proxmox Server Solutions' own prefix: what a fresh datacenter.cfg uses. */
export const MAC_PREFIX = 'BC:24:11';

export function randomMac(): string {
  const byte = (): string => randomInt(256).toString(16).toUpperCase().padStart(2, '0');
  return `${MAC_PREFIX}:${byte()}:${byte()}:${byte()}`;
}

/** Reads and prints netN by the schema's format. */
export class Networks {
  readonly #format: Properties;

  constructor(parameters: Properties) {
    this.#format = formatOf(parameters, 'net0');
  }

  /** As stored: without a MAC one is made, and the type is always said. */
  parse(text: string): NetworkValue {
    const values = parsePropertyString(this.#format, text);
    return { type: 'veth', ...values, hwaddr: values.hwaddr ?? randomMac() };
  }

  print(value: NetworkValue): string {
    return printPropertyString(this.#format, value);
  }

  normalize(text: string): string {
    return this.print(this.parse(text));
  }
}
