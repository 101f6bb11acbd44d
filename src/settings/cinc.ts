import type { Settings } from '../model/settings.ts';
import { listOf, type Parse } from './values.ts';

const FORM = /^[a-z]+\/[\d.]+\/[a-z\d]+=[0-9a-f]{64}$/;

const checksum: Parse<string> = (text) =>
  FORM.test(text)
    ? { value: text }
    : { wrong: 'expected platform/release/architecture=SHA-256, such as debian/13/amd64=4f…' };

/** Packages of the Cinc client that may be installed. */
export const cincChecksums = listOf(',', checksum);

interface CincValues {
  readonly cincMirror?: string;
  readonly cincVersion?: string;
  readonly cincChecksums?: readonly string[];
}

/** Absent where nothing is said of it. */
export function cincOf({ cincMirror, cincVersion, cincChecksums }: CincValues): Pick<Settings, 'cinc'> {
  const cinc = {
    ...(cincMirror === undefined ? {} : { mirror: cincMirror }),
    ...(cincVersion === undefined ? {} : { version: cincVersion }),
    ...(cincChecksums === undefined
      ? {}
      : { checksums: Object.fromEntries(cincChecksums.map((entry) => entry.split('=') as [string, string])) }),
  };
  return Object.keys(cinc).length === 0 ? {} : { cinc };
}
