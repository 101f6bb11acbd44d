import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { type Problem, ProblemsError } from '../model/errors.ts';
import { nearest } from '../model/nearest.ts';

/** What the forge holds, as people write it. */
export interface ControlPlaneFile {
  readonly organisation: string;
  /** Paths relative to the project's root, beside all of libs/. */
  readonly repositories: readonly string[];
}

const KEYS = ['organisation', 'repositories'];
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?$/;
const PATH = /^(?!\/)(?!.*(?:^|\/)\.\.?(?:\/|$))[\w./-]*[\w-]$/;

/** Reads control-plane.yml. Throws ProblemsError with every problem at once, each with its line. */
export function parseControlPlane(file: string, text: string | undefined): ControlPlaneFile {
  const result = { organisation: 'srv', repositories: [] as string[] };
  if (text === undefined) return result;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const problems: Problem[] = [];
  const wrong = (at: number | undefined, message: string, fix?: string): void => {
    const line = at === undefined ? {} : { line: lines.linePos(at).line };
    problems.push({ file, ...line, message, ...(fix === undefined ? {} : { fix }) });
  };
  for (const { message, pos } of document.errors) wrong(pos[0], message.split('\n')[0] ?? message);
  const { contents } = document;
  if (contents !== null && !isMap(contents)) wrong(contents.range?.[0], 'is not a map of keys');
  for (const { key, value } of isMap(contents) ? contents.items : []) {
    const name = isScalar(key) ? String(key.value) : '';
    const at = isScalar(key) ? key.range?.[0] : undefined;
    if (name === 'organisation') {
      if (isScalar(value) && typeof value.value === 'string' && NAME.test(value.value))
        result.organisation = value.value;
      else wrong(at, 'organisation is not a name of letters, digits, dots and hyphens');
    } else if (name === 'repositories') {
      const items = isSeq(value) ? value.items : undefined;
      if (items === undefined) wrong(at, 'repositories is not a list of paths');
      for (const item of items ?? []) {
        if (isScalar(item) && typeof item.value === 'string' && PATH.test(item.value))
          result.repositories.push(item.value);
        else
          wrong(isScalar(item) ? item.range?.[0] : at, 'is not a path within this repository, such as services/wiki');
      }
    } else {
      const known = nearest(name, KEYS);
      wrong(at, `${name} is not a key`, known === undefined ? undefined : `write ${known}`);
    }
  }
  if (problems.length > 0) throw new ProblemsError('control plane', problems);
  return result;
}
