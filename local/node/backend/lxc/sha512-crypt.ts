import { createHash } from 'node:crypto';

const ROUNDS = 5000;
const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

function digest(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha512');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** The digest repeated until it has `length` bytes. */
function stretch(block: Buffer, length: number): Buffer {
  const count = Math.ceil(length / block.length);
  return Buffer.concat(Array.from({ length: count }, () => block)).subarray(0, length);
}

/** Four characters for three bytes, low bits first, in the order that the scheme prescribes. */
function encode(final: Buffer): string {
  let text = '';
  const append = (value: number, characters: number): void => {
    for (let left = characters, rest = value; left > 0; left -= 1, rest >>>= 6) text += ALPHABET.charAt(rest & 63);
  };
  for (let [a, b, c] = [0, 21, 42], step = 0; step < 21; step += 1, [a, b, c] = [b + 1, c + 1, a + 1]) {
    append((final.readUInt8(a) << 16) | (final.readUInt8(b) << 8) | final.readUInt8(c), 4);
  }
  append(final.readUInt8(63), 2);
  return text;
}

/**
 * Unix crypt with SHA-512 (`$6$`), as every distribution's login reads it. Source: Ulrich Drepper, "Unix crypt using
 * SHA-256 and SHA-512". Done here because a machine may have neither openssl nor mkpasswd.
 */
export function sha512Crypt(password: string, salt: string): string {
  const key = Buffer.from(password);
  const seed = Buffer.from(salt.slice(0, 16));
  const mixed = digest(key, seed, key);
  const bits: Buffer[] = [];
  for (let rest = key.length; rest > 0; rest >>>= 1) bits.push((rest & 1) === 1 ? mixed : key);
  let state = digest(key, seed, stretch(mixed, key.length), ...bits);
  const p = stretch(digest(...Array.from({ length: key.length }, () => key)), key.length);
  const s = stretch(digest(...Array.from({ length: 16 + state.readUInt8(0) }, () => seed)), seed.length);
  for (let round = 0; round < ROUNDS; round += 1) {
    const odd = round % 2 === 1;
    state = digest(odd ? p : state, ...(round % 3 === 0 ? [] : [s]), ...(round % 7 === 0 ? [] : [p]), odd ? state : p);
  }
  return `$6$${seed.toString()}$${encode(state)}`;
}
