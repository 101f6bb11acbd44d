import type { Proxmox } from 'proxmox-api';
import type { Call } from '../../model/ports.ts';
import { api, type Session } from './api.ts';
import { dispatch } from './dispatch.ts';
import { failureText } from './failure.ts';
import { vmidPart } from './names.ts';
import { operate } from './operation.ts';

type PoolBody = Parameters<Proxmox.Api['pools']['$put']>[0];

/** Needs Pool.Allocate on this pool and on the one it leaves. One that it is in already is no error here. */
export async function moveToPool(session: Session, vmid: number, pool: string, call: Call): Promise<void> {
  await operate(`move container ${vmid} into pool ${pool}`, call, async (signal) => {
    const body = { poolid: pool, vms: String(vmidPart(vmid)), 'allow-move': 1 } as unknown as PoolBody;
    const send = async (): Promise<void> => {
      await api(session, signal).pools.$put(body);
    };
    try {
      // Sent again it changes nothing more.
      await dispatch(session, signal, send, async () => true);
    } catch (error) {
      if (failureText(error)?.includes(`VM ${vmid} is already a pool member`)) return;
      throw error;
    }
  });
}
