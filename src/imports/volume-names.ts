/** A volume's name: lower-case letters, digits and hyphens, at most 32. */
const LONGEST = 32;

/**
 * A name for each path, from its end: `/srv/data` is `data`, and a second one takes what stands before it too
 * (`/backup/data` is `backup-data`). Names in `taken` are somebody's already.
 */
export function volumeNames(paths: readonly string[], taken: Iterable<string> = []): readonly string[] {
  const used = new Set(taken);
  return paths.map((path) => {
    for (const name of candidates(path)) {
      if (used.has(name)) continue;
      used.add(name);
      return name;
    }
    return path;
  });
}

function* candidates(path: string): Generator<string> {
  const parts = path.toLowerCase().split('/').map(nameOf);
  const named = parts.filter((part) => part !== '');
  const last = cut(named.at(-1) ?? 'volume', LONGEST);
  // A definition takes no number alone as a name.
  const stem = /^\d+$/.test(last) ? cut(`volume-${last}`, LONGEST) : last;
  yield stem;
  for (let count = 2; count <= named.length; count += 1) {
    const name = named.slice(-count).join('-');
    if (name.length <= LONGEST) yield name;
  }
  for (let number = 2; ; number += 1) {
    const end = `-${number}`;
    yield `${cut(stem, LONGEST - end.length)}${end}`;
  }
}

const nameOf = (part: string): string => part.replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '');
const cut = (name: string, length: number): string => name.slice(0, length).replace(/-+$/, '');
