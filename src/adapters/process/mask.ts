import type { Secrets } from '../../model/ports.ts';

/** Shorter lines are not masked: hiding every `on` or `42` would make output unreadable and protect nothing. */
const SHORTEST = 4;

/** Where programs wrap base64: PEM and `base64`. */
const WIDTHS = [64, 76] as const;

export interface Mask extends Pick<Secrets, 'mask'> {
  /** The text with every known secret replaced by `***`. Works per line: give it whole lines. */
  apply(text: string): string;
  /** Length of the longest form that is masked; 0 without secrets. */
  longest(): number;
}

/**
 * Collects secrets and hides them: every line of at least four characters, also as base64 (at any offset within encoded text,
 * as in an Authorization header), URL-encoded, JSON-escaped or quoted for a shell.
 *
 * @param onSecret is told each line that is masked from now on, once (a runner has a masking command of its own)
 */
export function createMask(onSecret?: (line: string) => void): Mask {
  const told = new Set<string>();
  const forms = new Set<string>();
  let quick: RegExp | undefined;

  return {
    mask(value) {
      for (const line of secretLines(value)) {
        if (told.has(line)) continue;
        told.add(line);
        onSecret?.(line);
      }
      const before = forms.size;
      for (const form of formsOf(value)) forms.add(form);
      if (forms.size === before) return;
      const longestFirst = [...forms].sort((a, b) => b.length - a.length);
      quick = new RegExp(longestFirst.map((form) => form.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'));
    },
    apply: (text) => (quick?.test(text) === true ? hide(text, forms) : text),
    longest: () => Math.max(0, ...[...forms].map((form) => form.length)),
  };
}

function secretLines(value: string): readonly string[] {
  return value
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST);
}

function formsOf(value: string): ReadonlySet<string> {
  const forms = new Set<string>();
  for (const line of secretLines(value)) {
    const url = encodeURIComponent(Buffer.from(line, 'utf8').toString('utf8'));
    forms.add(line);
    forms.add(url);
    forms.add(url.replace(/%[0-9A-F]{2}/g, (hex) => hex.toLowerCase()));
    forms.add(url.replaceAll('%20', '+'));
    forms.add(JSON.stringify(line).slice(1, -1));
    forms.add(line.replaceAll("'", "'\\''"));
  }
  const trimmed = value.trim();
  for (const text of new Set([value, trimmed, `${trimmed}\n`, ...secretLines(value)])) {
    if (text.trim().length >= SHORTEST) for (const form of base64Forms(text)) forms.add(form);
  }
  return forms;
}

/** The characters of base64 text that depend on the secret alone, for each of its three possible offsets. */
function base64Forms(text: string): readonly string[] {
  const bytes = Buffer.from(text, 'utf8');
  return [0, 1, 2].flatMap((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), bytes]);
    const stable = padded.toString('base64').slice(Math.ceil((offset * 8) / 6), Math.floor((padded.length * 8) / 6));
    const wrapped = offset === 0 ? WIDTHS.flatMap((width) => pieces(stable, width)) : [];
    // Fewer characters could be part of anything.
    return [stable, stable.replaceAll('+', '-').replaceAll('/', '_'), ...wrapped].filter(
      (form) => form.length >= SHORTEST,
    );
  });
}

function pieces(text: string, width: number): readonly string[] {
  const count = Math.floor((text.length - 1) / width);
  return Array.from({ length: count < 1 ? 0 : count + 1 }, (_, n) => text.slice(n * width, (n + 1) * width));
}

/** Overlapping secrets become one `***`: replacing one after the other would leave the rest of the second. */
function hide(text: string, forms: ReadonlySet<string>): string {
  const found: { start: number; end: number }[] = [];
  for (const form of forms) {
    for (let at = text.indexOf(form); at !== -1; at = text.indexOf(form, at + 1)) {
      found.push({ start: at, end: at + form.length });
    }
  }
  found.sort((a, b) => a.start - b.start || b.end - a.end);
  let shown = '';
  let end = 0;
  for (const span of found) {
    if (span.start >= end) shown += `${text.slice(end, span.start)}***`;
    end = Math.max(end, span.end);
  }
  return shown + text.slice(end);
}
