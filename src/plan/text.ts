import { change, type Edit, type FieldContext, scalar } from './edit.ts';

/** Our index in Proxmox VE's lists; never a proof of ownership. */
export const TAG = 'pve-gitops';

export function hostname({ desired, config, state }: FieldContext): Edit[] {
  // What Proxmox VE calls a container whose config has no name.
  const fallback = `CT${state.vmid}`;
  return scalar(config, { field: 'hostname', key: 'hostname', wanted: desired.hostname, fallback });
}

/** The datacenter decides about case and order of tags: compared without both. */
export function tags({ desired, config }: FieldContext): Edit[] {
  const current = tagsOf(config.tags);
  const wanted = tagsText(desired.tags ?? current);
  if (tagsText(current, []) === wanted) return [];
  return [{ change: change('tags', current.join(';'), wanted), set: { tags: wanted } }];
}

export function tagsOf(text: string | undefined): string[] {
  return (text ?? '').split(/[;,\s]+/).filter((tag) => tag !== '');
}

/** As Proxmox VE stores them: lower case, each once, sorted; ours among them. */
export function tagsText(tagList: readonly string[], always: readonly string[] = [TAG]): string {
  return [...new Set([...tagList, ...always].map((tag) => tag.toLowerCase()))].toSorted().join(';');
}

/** One that nobody wrote is left as it is. */
export function description({ desired, text }: FieldContext): Edit[] {
  if (desired.description === undefined) return [];
  const wanted = normalText(desired.description);
  if (normalText(text) === wanted) return [];
  const from = normalText(text) === '' ? undefined : firstLine(text);
  return [{ change: change('description', from, firstLine(wanted)), text: wanted }];
}

/** The server ends every line with a line feed, and keeps no blank ones at the end. */
export function normalText(text: string): string {
  return text.replaceAll(/\r\n?/g, '\n').replace(/\s+$/, '');
}

function firstLine(text: string): string {
  const [first = '', ...more] = normalText(text).split('\n');
  const short = first.length > 60 ? `${first.slice(0, 59)}…` : first;
  return more.length > 0 && short === first ? `${short} …` : short;
}

/** Written into the container when it starts: pending until then (rows 423, 457). */
export function names({ desired, config }: FieldContext): Edit[] {
  const fallback = 'host settings';
  const normal = (text: string): string =>
    text
      .split(/[\s,;]+/)
      .filter((part) => part !== '')
      .join(' ') || fallback;
  const row = { fallback, normal, disruption: 'restart' } as const;
  return [
    ...scalar(config, { field: 'nameserver', key: 'nameserver', wanted: desired.nameserver, ...row }),
    ...scalar(config, { field: 'searchdomain', key: 'searchdomain', wanted: desired.searchdomain, ...row }),
  ];
}

/** Not in the config: looked up beside it. */
export function pool({ desired, pool: current }: FieldContext): Edit[] {
  if (desired.pool === undefined || desired.pool === current) return [];
  return [{ change: change('pool', current, desired.pool), pool: desired.pool }];
}
