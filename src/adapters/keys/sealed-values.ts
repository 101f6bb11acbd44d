import { Decrypter, Encrypter } from 'age-encryption';
import type { Opened } from '../../model/secret-keys.ts';

/** Encrypted with age (age-encryption.org/v1), so that people can do it with the age program too. */
export async function sealValue(value: string, recipient: string): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return await encrypter.encrypt(value);
}

/** @param identities `AGE-SECRET-KEY-1…`; any of them will do */
export async function openValue(sealed: Uint8Array, identities: readonly string[]): Promise<Opened> {
  if (identities.length === 0) return { kind: 'no key' };
  const decrypter = new Decrypter();
  for (const identity of identities) decrypter.addIdentity(identity);
  try {
    const bytes = await decrypter.decrypt(sealed);
    return { kind: 'open', value: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch (error) {
    // The library tells the two apart by its words alone.
    const told = error instanceof Error ? error.message : '';
    return { kind: told.startsWith('no identity matched') ? 'other key' : 'damaged' };
  }
}
