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

export function gibibytesHint(text: string): string | undefined {
  const value = mebibytes(text);
  return value !== undefined && value % 1024 === 0 ? `write ${value / 1024}` : undefined;
}

export function diskHint(text: string): string | undefined {
  const match = /^([^:\s]+):(?:size=)?(.+)$/i.exec(text);
  const value = mebibytes(match?.[2] ?? '');
  if (match !== null && value !== undefined && value % 1024 === 0) return `write ${match[1]}:${value / 1024}`;
  const bare = /^(\d{1,6})\s*(?:g(?:i?b)?)?$/i.exec(text)?.[1];
  return bare === undefined ? undefined : `write the storage too: local-lvm:${bare}`;
}

export function addressHint(text: string): string | undefined {
  if (/^[0-9a-f:.]+(?:\/\d+)?$/i.test(text) && text.includes(':')) return 'an IPv6 address is written as ip6';
  return /^\d+\.\d+\.\d+\.\d+\/\d+\.\d+\.\d+\.\d+$/.test(text) ? 'write the prefix length, such as /24' : undefined;
}

export function address6Hint(text: string): string | undefined {
  if (/^\d+\.\d+\.\d+\.\d+(?:\/\d+)?$/.test(text)) return 'that is IPv4: write it without the 6 in the key';
  if (text.includes('%')) return 'write it without the zone';
  return /^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text) ? 'write the prefix length, such as /64' : undefined;
}

export function gateway6Hint(text: string): string | undefined {
  if (text.includes('/')) return 'write it without the prefix';
  return address6Hint(`${text}/64`);
}

export function hostnameHint(text: string): string | undefined {
  const mended = text.replaceAll(/[_\s]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return mended !== text && /^[A-Za-z0-9.-]+$/.test(mended) ? `write ${mended}` : undefined;
}

export function macHint(text: string): string | undefined {
  const digits = text.replaceAll(/[-.:\s]/g, '');
  if (!/^[0-9a-f]{12}$/i.test(digits)) return undefined;
  if (/^0+$/.test(digits)) return 'remove the line to have one made';
  if (/[13579bdf]/i.test(digits.charAt(1))) return 'that is the address of a group: make the second digit even';
  return `write ${digits.toUpperCase().replaceAll(/(..)(?=.)/g, '$1:')}`;
}

/** Several in one word, upper case, and blanks are how tags are written elsewhere. */
export function tagHint(text: string): string | undefined {
  if (text.includes(';')) return 'separate tags by comma, or write a list';
  return mendedName(text);
}

export function volumeNameHint(text: string): string | undefined {
  return mendedName(text.replaceAll('_', '-'));
}

function mendedName(text: string): string | undefined {
  const mended = text
    .toLowerCase()
    .replaceAll(/[\s/]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return mended !== text && /^[a-z0-9][a-z0-9_.+-]{0,63}$/.test(mended) ? `write ${mended}` : undefined;
}

/** YAML 1.2 reads 0660 as a decimal number. */
export function modeHint(text: string): string | undefined {
  return /^0{0,2}[0-7]{1,3}$/.test(text) ? `write "${text.replace(/^0+/, '').padStart(4, '0')}", in quotes` : undefined;
}

export function secretHint(text: string): string | undefined {
  const mended = text.toUpperCase().replaceAll(/[-.\s]/g, '_');
  return mended !== text && /^[A-Z][A-Z0-9_]{0,63}$/.test(mended) ? `write ${mended}` : undefined;
}

/** People who write `$(…)` expect a shell; there is none. */
export function evaluationHint(text: string): string | undefined {
  return /\$[({A-Za-z_]|`/.test(text) ? 'nothing is evaluated here: write the value itself' : undefined;
}
