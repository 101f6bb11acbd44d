/** mulberry32: the same numbers for the same seed on every machine. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Another order, the same for the same seed. */
export function shuffled<T>(all: readonly T[], seed: string): readonly T[] {
  const next = numbers([...seed].reduce((sum, character) => Math.imul(sum, 31) + (character.codePointAt(0) ?? 0), 7));
  return all
    .map((entry) => ({ entry, rank: next() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ entry }) => entry);
}
