import type { Item } from '../directory/hooks.ts';

const THEIRS = /(\buses:\s*['"]?)main\/config\/\.gitea\/workflows@main/g;

/**
 * A workflow that calls their composite action calls ours, in the organisation at hand; its input `branch` is taken there as
 * `ref`. What else it uses of theirs is said.
 */
export function takeWorkflow(
  path: string,
  text: string,
  organisation: string,
): { readonly text: string; readonly items: readonly Item[] } {
  const made = text.replaceAll(THEIRS, `$1${organisation}/config/.gitea/workflows@main`);
  const items = made.split('\n').flatMap((line, index): Item[] => {
    const other = /\buses:\s*['"]?((?:main\/base|tasks)\/[^\s'"]+)/.exec(line)?.[1];
    return other === undefined ? [] : [{ place: `${path}:${index + 1}`, text: `uses ${other}, which is not there` }];
  });
  return { text: made, items };
}
