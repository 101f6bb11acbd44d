import { ApiError } from '../http/answer.ts';
import type { Routes } from './call.ts';

/** Calls whose checks are Proxmox VE's and whose work a single node on a workstation does not do. */
const notHere = (what: string) => (): never => {
  throw new ApiError(501, `${what} is not offered by the local node`);
};

export const notOfferedRoutes: Routes = {
  'POST /nodes/{node}/status': notHere('node power'),
  'POST /nodes/{node}/execute': notHere('batch execution'),
};
