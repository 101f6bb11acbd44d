const KEY_TYPE =
  /^(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp\d+|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/;

/** Splits at blanks that are not inside double quotes: authorized_keys options may hold them. */
function words(line: string): readonly string[] {
  return line.match(/(?:"(?:\\.|[^"\\])*"|[^\s"])+/g) ?? [];
}

/** Whether a line is a public key, with or without options before it; the key's own type must fit. */
function isPublicKey(line: string): boolean {
  const parts = words(line);
  const at = parts.findIndex((part) => KEY_TYPE.test(part));
  const type = parts[at];
  const body = parts[at + 1];
  if (at < 0 || at > 1 || type === undefined || body === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(body))
    return false;
  const bytes = Buffer.from(body, 'base64');
  return bytes.length > 4 + type.length && bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString('latin1') === type;
}

/** Every line that is not empty must be a key: ssh-keygen is asked for each, and knows no comment alone. */
export function areSshPublicKeys(text: string): boolean {
  return text
    .split('\n')
    .map((line) => line.trim())
    .every((line) => line === '' || isPublicKey(line));
}
