const MIB: Readonly<Record<string, number>> = { k: 1 / 1024, m: 1, g: 1024, t: 1024 * 1024 };

/** `2G`, `2 GiB`, `512MB` in MiB, or undefined. People mean powers of two here. */
function mebibytes(text: string): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)\s*([kmgt])(?:i?b)?$/i.exec(text.trim());
  const unit = MIB[match?.[2]?.toLowerCase() ?? ''];
  if (match === null || unit === undefined) return undefined;
  const value = Number(match[1]) * unit;
  return Number.isInteger(value) && value > 0 ? value : undefined;
}

/** The number to write instead of a value with a unit. */
export function memoryHint(text: string): string | undefined {
  const value = mebibytes(text);
  return value === undefined ? undefined : `write ${value}`;
}

export function diskHint(text: string): string | undefined {
  const match = /^([^:\s]+):(?:size=)?(.+)$/i.exec(text);
  const value = mebibytes(match?.[2] ?? '');
  if (match !== null && value !== undefined && value % 1024 === 0) return `write ${match[1]}:${value / 1024}`;
  const bare = /^(\d{1,6})\s*(?:g(?:i?b)?)?$/i.exec(text)?.[1];
  return bare === undefined ? undefined : `write the storage too: local-lvm:${bare}`;
}

export function addressHint(text: string): string | undefined {
  if (/^[0-9a-f:]+(?:\/\d+)?$/i.test(text) && text.includes(':')) return 'IPv6 cannot be given here yet';
  return /^\d+\.\d+\.\d+\.\d+\/\d+\.\d+\.\d+\.\d+$/.test(text) ? 'write the prefix length, such as /24' : undefined;
}

export function hostnameHint(text: string): string | undefined {
  const mended = text.replaceAll(/[_\s]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return mended !== text && /^[A-Za-z0-9.-]+$/.test(mended) ? `write ${mended}` : undefined;
}

/** People who write `$(…)` expect a shell; there is none. */
export function evaluationHint(text: string): string | undefined {
  return /\$[({A-Za-z_]|`/.test(text) ? 'nothing is evaluated here: write the value itself' : undefined;
}
