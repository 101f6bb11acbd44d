import { GitopsError } from '../../model/errors.ts';

/** A SHA-256 fingerprint as Proxmox VE shows it: 32 pairs, upper case, with colons. undefined: not one. */
export function parseFingerprint(text: string): string | undefined {
  const hex = text
    .trim()
    .replace(/^sha-?256[:= ]*(?:fingerprint=)?/i, '')
    .replace(/[:\s]/g, '');
  if (!/^[0-9a-f]{64}$/i.test(hex)) return undefined;
  return (hex.toUpperCase().match(/../g) ?? []).join(':');
}

/** One fingerprint, or several separated by commas or blanks where each API host has a certificate of its own. */
export function parseFingerprints(text: string): readonly string[] {
  const fingerprints = text
    .split(/[,;\s]+/)
    .filter((part) => part !== '')
    .map((part) => parseFingerprint(part));
  const known = fingerprints.filter((part) => part !== undefined);
  if (known.length === 0 || known.length !== fingerprints.length) {
    throw new GitopsError('user', `Unable to use certificate fingerprint ${JSON.stringify(text)}: expected SHA-256`, {
      advice: [
        'A SHA-256 fingerprint is 32 pairs of hexadecimal digits with colons, AA:BB:…; Proxmox VE shows it under node → System → Certificates.',
      ],
    });
  }
  return known;
}
