import * as z from 'zod';
import type { Call } from '../../model/ports.ts';
import { readData } from './answer.ts';
import { api, type Session } from './api.ts';
import { nodeName, vmidPart } from './names.ts';
import { operate } from './operation.ts';

const CONFIG = z.object({ lxc: z.array(z.tuple([z.string(), z.string()])).optional() });

/** Only the config shows them: `/pending` leaves out everything that is no plain value. */
export async function readRawLines(
  session: Session,
  node: string,
  vmid: number,
  call: Call,
): Promise<readonly string[]> {
  return await operate(`read the config of container ${vmid} on ${node}`, call, async (signal) =>
    parseRawLines(
      await api(session, signal).nodes.$(nodeName(node)).lxc.$(vmidPart(vmid)).config.$get({ current: true }),
    ),
  );
}

export function parseRawLines(data: unknown): readonly string[] {
  return (readData(CONFIG, data).lxc ?? []).map(([key, value]) => `${key}: ${value}`);
}
