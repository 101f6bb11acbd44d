import type { Core } from '../core.ts';
import { ApiError } from '../http/answer.ts';
import type { Parameters, Value } from '../http/parameters.ts';
import { nodeOf, nodesOf, putOn, seenFrom } from '../members.ts';

/** A call for another node is passed on to it; only members that a test has named are there. */
export function checkNode(core: Core, asked: Value | undefined): void {
  const node = core.home;
  if (typeof asked !== 'string' || nodesOf(core).includes(asked) || asked === 'localhost') return;
  if (asked.toLowerCase() === node) {
    throw new ApiError(596, 'error:0A000086:SSL routines::certificate verify failed');
  }
  throw new ApiError(
    500,
    `hostname lookup '${asked}' failed - failed to get address info for: ${asked}: Temporary failure in name resolution`,
  );
}

/** The cluster as the member that was asked sees it: it has its own containers, and nobody else's. */
export function onNode(core: Core, { method, path }: Asked, { node, vmid }: Parameters): Core {
  if (typeof node !== 'string' || core.members.value.nodes.length === 0) return core;
  const name = node === 'localhost' ? core.home : node;
  const id = typeof vmid === 'string' || typeof vmid === 'number' ? Number(vmid) : undefined;
  const isThere = id !== undefined && core.guests.has('lxc', id);
  if (path.startsWith('/nodes/{node}/lxc/{vmid}') && isThere && nodeOf(core, id) !== name) {
    throw new ApiError(500, `Configuration file 'nodes/${name}/lxc/${id}.conf' does not exist`);
  }
  if (method === 'POST' && path === '/nodes/{node}/lxc' && id !== undefined && !isThere) putOn(core, id, name);
  return seenFrom(core, name);
}

interface Asked {
  readonly method: string;
  /** As the API description has it. */
  readonly path: string;
}
