// Control and format characters and line separators: a terminal or a log viewer acts on them instead of showing them (VT
// sequences begin with one, bidirectional overrides make text read differently from what it is).
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text as it may be printed: what would steer a terminal is shown as `\x1b` or `\u{202e}`. Tabs and newlines stay. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    if (character === '\t' || character === '\n') return character;
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}
