/** The ids of the host that unprivileged containers get, for users and for groups alike. */
export interface IdRange {
  readonly start: number;
  readonly count: number;
}

const COUNT = 65536;
const FIRST = 100000;

interface Line {
  readonly owner: string;
  readonly start: number;
  readonly count: number;
}

/** Lines of /etc/subuid or /etc/subgid; what cannot be read as one is passed over. */
export function parseSubordinateIds(text: string): readonly Line[] {
  return text.split('\n').flatMap((line) => {
    const match = /^([^:#\s]+):(\d+):(\d+)\s*$/.exec(line);
    return match?.[1] === undefined ? [] : [{ owner: match[1], start: Number(match[2]), count: Number(match[3]) }];
  });
}

/**
 * The range to use: the one that root has in both files, else the lowest free one. A desktop's first user usually
 * owns 100000 to 165535; sharing it would let that user's processes pose as a container's.
 */
export function chooseIdRange(subuid: string, subgid: string): IdRange {
  const users = parseSubordinateIds(subuid);
  const groups = parseSubordinateIds(subgid);
  const wide = (line: Line): boolean => (line.owner === 'root' || line.owner === '0') && line.count >= COUNT;
  for (const own of users.filter(wide)) {
    if (groups.some((line) => wide(line) && line.start === own.start)) return { start: own.start, count: COUNT };
  }
  const taken = [...users, ...groups];
  let start = FIRST;
  for (;;) {
    const hit = taken.find((line) => line.start < start + COUNT && start < line.start + line.count);
    if (hit === undefined) return { start, count: COUNT };
    start = hit.start + hit.count;
  }
}

/** Whether root may already use the range according to one of the two files. */
export function grantsRange(text: string, range: IdRange): boolean {
  return parseSubordinateIds(text).some(
    (line) =>
      (line.owner === 'root' || line.owner === '0') &&
      line.start <= range.start &&
      line.start + line.count >= range.start + range.count,
  );
}

export function subordinateLine(range: IdRange): string {
  return `root:${range.start}:${range.count}`;
}

/** Arguments that make a program run as the container's root. */
export function inUserNamespace(range: IdRange): readonly string[] {
  const map = `0:${range.start}:${range.count}`;
  return ['lxc-usernsexec', '-m', `u:${map}`, '-m', `g:${map}`, '--'];
}
