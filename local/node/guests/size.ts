const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 };

/** `4G` → bytes; undefined: not a size. */
export function parseSize(text: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  return Math.floor(Number(number) * (UNITS[unit ?? ''] ?? 1));
}

/** bytes → the largest whole unit, as PVE::JSONSchema::format_size; 0 is `0T`. */
export function formatSize(bytes: number): string {
  let value = Math.floor(bytes);
  for (const unit of ['', 'K', 'M', 'G']) {
    const next = Math.floor(value / 1024);
    if (next * 1024 !== value) return `${value}${unit}`;
    value = next;
  }
  return `${value}T`;
}
