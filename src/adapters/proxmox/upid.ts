/** `UPID:pve:00003D7A:0004D940:6B01562E:vzcreate:101:root@pam!gitops:` */
export interface Upid {
  readonly node: string;
  /** Seconds since 1970, the server's. */
  readonly started: number;
  readonly type: string;
  /** Absent for tasks that are not about a guest (a download's is empty). */
  readonly vmid?: number;
  /** With the token's name, when there is one. */
  readonly user: string;
}

const UPID = /^UPID:([^:]+):[0-9A-F]{8}:[0-9A-F]{8,9}:([0-9A-F]{8}):([^:]+):([^:]*):([^:]+):$/i;

export function parseUpid(text: string): Upid | undefined {
  const [, node, started, type, id, user] = UPID.exec(text) ?? [];
  if (node === undefined || started === undefined || type === undefined || user === undefined) return undefined;
  const vmid = /^\d+$/.test(id ?? '') ? Number(id) : undefined;
  return { node, started: Number.parseInt(started, 16), type, ...(vmid === undefined ? {} : { vmid }), user };
}
