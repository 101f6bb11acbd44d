import * as z from 'zod';
import type { Call } from '../../model/ports.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { failureStatus } from './failure.ts';
import { nodeName, vmidPart } from './names.ts';
import { operate } from './operation.ts';

const INTERFACES = z
  .array(
    z.object({
      name: z.string().optional(),
      inet: z.string().optional(),
      inet6: z.string().optional(),
      /** Since Proxmox VE 8.4; before, only one of each kind is told. */
      'ip-addresses': z.array(z.object({ 'ip-address': z.string().optional() })).optional(),
    }),
  )
  .nullish();

/** Addresses of a running container without prefix, IPv4 first; none while it is stopped or still booting. */
export async function readAddresses(
  session: Session,
  node: string,
  vmid: number,
  call: Call,
): Promise<readonly string[]> {
  return await operate(`read the addresses of container ${vmid} on ${node}`, call, async (signal) => {
    try {
      return parseAddresses(await api(session, signal).nodes.$(nodeName(node)).lxc.$(vmidPart(vmid)).interfaces.$get());
    } catch (error) {
      // Before the container has its network, versions differ between 400 and an empty answer (facts, C5).
      if (failureStatus(error) === 400) return [];
      throw error;
    }
  });
}

export function parseAddresses(data: unknown): readonly string[] {
  const found = (readData(INTERFACES, data) ?? []).flatMap((entry) => {
    if (entry.name === 'lo') return [];
    const listed = entry['ip-addresses']?.map((address) => address['ip-address'] ?? '') ?? [];
    return listed.length > 0 ? listed : [entry.inet ?? '', entry.inet6 ?? ''];
  });
  const usable = found
    .map((address) => address.replace(/\/.*$/, ''))
    // Link-local addresses need an interface beside them, which nobody outside the host has.
    .filter((address) => address !== '' && !/^(127\.|::1$|fe[89ab][0-9a-f]:)/i.test(address));
  return [...new Set(usable)].sort((a, b) => Number(a.includes(':')) - Number(b.includes(':')));
}
