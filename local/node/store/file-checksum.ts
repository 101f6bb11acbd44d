import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** What a file should have. */
export interface Checksum {
  /** md5, sha1, sha224, sha256, sha384, sha512 */
  readonly algorithm: string;
  /** hexadecimal, as it was given */
  readonly digest: string;
}

/** In lower-case hexadecimal. */
export async function checksumOf(file: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
