import { describe, expect, it } from 'vitest';
import { parseFingerprint, parseFingerprints } from '../../../../src/adapters/proxmox/fingerprint.ts';

const HEX = '9cdae54940cb037b0621d3df40cb07f647711b33d7fc6ec5eb7c8c70a2408bd4';
const SHOWN = '9C:DA:E5:49:40:CB:03:7B:06:21:D3:DF:40:CB:07:F6:47:71:1B:33:D7:FC:6E:C5:EB:7C:8C:70:A2:40:8B:D4';

describe('fingerprint', () => {
  it.each([HEX, HEX.toUpperCase(), SHOWN, SHOWN.toLowerCase(), ` ${SHOWN} `, `SHA256:${SHOWN}`])('%s', (text) => {
    expect(parseFingerprint(text)).toBe(SHOWN);
  });

  it('as openssl prints it', () => {
    expect(parseFingerprint(`sha256 Fingerprint=${SHOWN}`)).toBe(SHOWN);
  });

  it.each(['', HEX.slice(2), `${HEX}00`, 'AA:BB', HEX.replace('9', 'g')])('%j is none', (text) => {
    expect(parseFingerprint(text)).toBeUndefined();
  });

  it('several, where hosts have certificates of their own', () => {
    expect(parseFingerprints(`${SHOWN}, ${HEX.replace('9c', '00')}`)).toEqual([SHOWN, SHOWN.replace('9C', '00')]);
  });

  it.each(['', 'AA:BB', `${SHOWN},AA`])('%j is refused', (text) => {
    expect(() => parseFingerprints(text)).toThrow(expect.objectContaining({ kind: 'user' }));
  });
});
