/** The parts of a task's name. */
export interface Upid {
  readonly upid: string;
  readonly node: string;
  readonly pid: number;
  /** clock ticks after boot */
  readonly pstart: number;
  /** seconds since the epoch */
  readonly starttime: number;
  readonly type: string;
  readonly id: string;
  readonly user: string;
  readonly tokenid?: string;
}

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');

export function formatUpid(parts: Omit<Upid, 'upid' | 'tokenid'>): string {
  const { node, pid, pstart, starttime, type, id, user } = parts;
  return `UPID:${node}:${hex(pid)}:${hex(pstart)}:${hex(starttime)}:${type}:${encodeId(id)}:${user}:`;
}

function encodeId(id: string): string {
  return id.replace(/[:%]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** undefined: not a task's name. The user is split from its token. */
export function parseUpid(text: string): Upid | undefined {
  const match =
    /^UPID:([a-zA-Z0-9][a-zA-Z0-9-]*):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8}):([^:\s]+):([^:\s]*):([^:\s]+):$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, node = '', pid = '', pstart = '', start = '', type = '', id = '', who = ''] = match;
  const [user = '', tokenid] = who.split('!');
  return {
    upid: text,
    node,
    pid: Number.parseInt(pid, 16),
    pstart: Number.parseInt(pstart, 16),
    starttime: Number.parseInt(start, 16),
    type,
    id: decodeURIComponent(id),
    user,
    ...(tokenid === undefined ? {} : { tokenid }),
  };
}
