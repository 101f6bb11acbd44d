import { statfsSync } from 'node:fs';
import { cpus, freemem, loadavg, totalmem, uptime } from 'node:os';
import type { Json } from '../http/answer.ts';
import { fingerprintOf } from '../members.ts';
import type { Call } from './call.ts';

type Fields = { readonly [key: string]: Json };

export interface DiskLoad {
  readonly total: number;
  readonly used: number;
  readonly available: number;
  readonly free: number;
}

/** The host's root file system in bytes. */
export function rootFileSystem(): DiskLoad {
  const { bsize, blocks, bfree, bavail } = statfsSync('/');
  return { total: blocks * bsize, used: (blocks - bfree) * bsize, available: bavail * bsize, free: bfree * bsize };
}

/** Load fields that need Sys.Audit on the node. */
export function nodeLoad(): Fields {
  const count = cpus().length;
  const disk = rootFileSystem();
  return {
    cpu: Math.min(1, (loadavg()[0] ?? 0) / Math.max(1, count)),
    maxcpu: count,
    mem: totalmem() - freemem(),
    maxmem: totalmem(),
    disk: disk.used,
    maxdisk: disk.total,
    uptime: Math.floor(uptime()),
  };
}

/** A node as `/nodes` lists it. */
export async function nodeEntry(call: Call, node = call.core.profile.node): Promise<Fields> {
  const audit = call.may(`/nodes/${node}`, 'Sys.Audit');
  return {
    id: `node/${node}`,
    node,
    type: 'node',
    status: 'online',
    level: '',
    ssl_fingerprint: fingerprintOf(call.core, node),
    ...(audit ? nodeLoad() : {}),
  };
}
