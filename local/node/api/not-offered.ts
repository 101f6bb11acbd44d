import { assertQuorum } from '../cluster.ts';
import { ApiError, parameterError } from '../http/answer.ts';
import type { Routes } from './call.ts';

/** Calls whose checks are Proxmox VE's and whose work a single node on a workstation does not do. */
const notHere = (what: string) => (): never => {
  throw new ApiError(501, `${what} is not offered by the local node`);
};

export const notOfferedRoutes: Routes = {
  'POST /nodes/{node}/status': notHere('node power'),
  'POST /nodes/{node}/execute': notHere('batch execution'),
  'POST /nodes/{node}/lxc/{vmid}/migrate': (call) => {
    if (call.required('target') === call.core.profile.node) {
      throw parameterError({ target: 'target is local node.' });
    }
    assertQuorum(call.core);
    throw new ApiError(500, `no such cluster node '${call.required('target')}'`);
  },
};
