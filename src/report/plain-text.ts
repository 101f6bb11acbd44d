/** Escape sequences of terminals as they follow the ESC character: CSI, OSC, and those of one letter. */
const SEQUENCE = /^(?:\[[0-?]*[ -/]*[@-~]|\]\P{Cc}*|[ -/]*[0-~])/u;
/** Turn the order of letters around: a line must read as it is. */
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** What a runner takes for a command of the action; some take it with blanks before it. */
const COMMAND = /^\s*(?:::|##\[)/;

/**
 * Text that a script or a server wrote, as one harmless line: no colours, no control characters, of a line that rewrites itself
 * its last state.
 */
export function plainLine(text: string): string {
  const parts = text.split('\u001b').map((part, index) => (index === 0 ? part : part.replace(SEQUENCE, '')));
  const lines = parts.join('').replaceAll('\t', ' ').split('\n');
  return lines
    .map((line) => line.split('\r').findLast((state) => state.trim() !== '') ?? '')
    .map((line) =>
      line
        .replaceAll(/\p{Cc}/gu, '')
        .replaceAll(BIDI, '')
        .trimEnd(),
    )
    .filter((line) => line !== '')
    .join(' · ');
}

/** Message of several lines, of which none is a command to the runner. */
export function plainLines(text: string): string[] {
  return text.split('\n').map((line) => {
    const indent = /^\s*/.exec(line)?.[0] ?? '';
    const plain = plainLine(line.slice(indent.length));
    return COMMAND.test(plain) ? `${indent}│ ${plain}` : `${indent}${plain}`;
  });
}
