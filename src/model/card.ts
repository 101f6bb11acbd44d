import type { Mark } from './mark.ts';

/** Where people find more: on the forge that deployed the container. */
export interface Links {
  /** The repository's address as browsers reach it. */
  readonly repository: string;
  /** The last run's. */
  readonly run?: string;
}

/** Ends each line of ours above the mark. At the beginning of a line a comment would keep the GUI from rendering the rest. */
const END = '<!-- pve-gitops -->';

/** Whether a line of a description is of our card, in any version of it. */
export function isCardLine(line: string): boolean {
  return line.startsWith(END) || line.trimEnd().endsWith(` ${END}`);
}

/** What the Proxmox VE GUI shows above the mark: whose, at which commit, since when it is good, where to go. */
export function cardLines({ owner, commit, stage, good, bad, links }: Mark): readonly string[] {
  const repository = links === undefined ? undefined : linkable(links.repository);
  const link = (text: string, to: string | undefined): string => (to === undefined ? text : `[${text}](${to})`);
  const at = (hash: string): string =>
    link(`\`${hash.slice(0, 12)}\``, repository === undefined ? undefined : `${repository}/commit/${hash}`);
  const state = [
    `**${link(owner, repository)}**${commit === undefined ? '' : ` at ${at(commit)}`}`,
    `stage ${stage}`,
    ...(good === undefined ? [] : [`good since ${good.at.slice(0, 16).replace('T', ' ')} UTC`]),
    ...(bad === undefined ? [] : [`failed last: ${at(bad)}`]),
    'kept by pve-gitops: change it in git.',
  ];
  const lines = [`${state.join(', ')}  ${END}`];
  if (repository === undefined) return lines;
  const run = links?.run === undefined ? undefined : linkable(links.run);
  const ways = [
    ...(run === undefined ? [] : [link('last run', run)]),
    link('roll back', `${repository}/actions?workflow=container.yml`),
  ];
  return [...lines, `${ways.join(' · ')}  ${END}`];
}

/** As the target of a link in markdown; undefined: it is no address of a forge. */
function linkable(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '') return undefined;
  return url.href.replace(/\/$/, '').replaceAll('(', '%28').replaceAll(')', '%29').replaceAll('--', '-%2D');
}
