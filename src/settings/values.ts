/** A value that was understood, or why not. `wrong` never quotes the text: the row decides whether that is safe. */
export type Parsed<T> = { readonly value: T } | { readonly wrong: string; readonly fix?: string };

export type Parse<T> = (text: string) => Parsed<T>;

const wrong = (message: string, fix?: string): Parsed<never> =>
  fix === undefined ? { wrong: message } : { wrong: message, fix };

/** A text of the given form; `expected` completes "expected …". */
export function textOf(form: RegExp, expected: string): Parse<string> {
  return (text) => (form.test(text) ? { value: text } : wrong(`expected ${expected}`));
}

export function oneOf<T extends string>(words: readonly T[]): Parse<T> {
  return (text) => {
    const value = words.find((word) => word === text);
    return value === undefined ? wrong(`expected ${words.join(', ').replace(/, ([^,]*)$/, ' or $1')}`) : { value };
  };
}

export const anyText: Parse<string> = (text) => ({ value: text });

export function integer(min: number, max: number): Parse<number> {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? { value } : wrong(`expected a whole number from ${min} to ${max}`);
  };
}

const YES = new Set(['yes', 'true', 'on', '1']);
const NO = new Set(['no', 'false', 'off', '0']);

export const yesOrNo: Parse<boolean> = (text) => {
  const word = text.toLowerCase();
  if (YES.has(word)) return { value: true };
  return NO.has(word) ? { value: false } : wrong('expected yes or no');
};

export const ipv4: Parse<string> = (text) =>
  isIpv4(text) ? { value: text } : wrong('expected an IPv4 address such as 192.168.178.1');

export function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** A /16 of which the host addresses are free to use. */
export const range16: Parse<string> = (text) => {
  const match = /^(\d+\.\d+)\.0\.0\/16$/.exec(text);
  return match !== null && isIpv4(`${match[1]}.0.0`) ? { value: text } : wrong('expected a range such as 10.91.0.0/16');
};

export const timezone: Parse<string> = (text) => {
  // The default: to ask for it would load all that is known of the world's calendars, at each start.
  if (text === 'Etc/UTC') return { value: text };
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    // Offsets such as +02:00 are known to Intl, but are no files below /usr/share/zoneinfo.
    if (/^[A-Za-z]/.test(text)) return { value: text };
  } catch {
    // RangeError: no such zone
  }
  return wrong('expected a time zone such as Europe/Berlin');
};

/** Each item parsed on its own; the first that is wrong makes the list wrong. */
export function listOf<T>(separator: ',' | '\n', item: Parse<T>): Parse<readonly T[]> {
  return (text) => {
    const values: T[] = [];
    for (const part of text.split(separator).map((piece) => piece.trim())) {
      if (part === '') continue;
      const parsed = item(part);
      if ('wrong' in parsed) return parsed;
      values.push(parsed.value);
    }
    return values.length > 0 ? { value: values } : wrong('expected at least one entry');
  };
}

const KEY_TYPES =
  'ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519@openssh\\.com|sk-ecdsa-sha2-nistp256@openssh\\.com';
const PUBLIC_KEY = new RegExp(`^(?:${KEY_TYPES}) [A-Za-z0-9+/]{16,}={0,3}(?: .*)?$`);

export const publicKey: Parse<string> = (text) => {
  if (text.includes('PRIVATE KEY')) return wrong('this is a private key', 'give the line of the .pub file');
  return PUBLIC_KEY.test(text) ? { value: text } : wrong('expected a public key: ssh-ed25519 AAAA… name');
};
