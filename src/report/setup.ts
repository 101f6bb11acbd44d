import { PLAIN, type Style } from './style.ts';

export interface SetupReport {
  readonly release: string;
  readonly hosts: readonly { readonly host: string; readonly fingerprint?: string }[];
  readonly done: readonly { readonly kind: 'there' | 'made' | 'mended' | 'note'; readonly text: string }[];
  /** The settings file, and its keys that are new. */
  readonly output: string;
  readonly changed: readonly string[];
}

/** What setup found and did. The certificate is shown so that it can be compared. */
export function renderSetup({ release, hosts, done, output, changed }: SetupReport, style: Style = PLAIN): string[] {
  const marks = {
    there: style.dim('there'),
    made: style.good('made'),
    mended: style.warn('mended'),
    note: style.warn('note'),
  };
  const nothing = changed.length === 0 && done.every(({ kind }) => kind === 'there' || kind === 'note');
  return [
    style.bold(`Proxmox VE ${release}`),
    ...hosts.map(
      ({ host, fingerprint }) => `  ${host}${fingerprint === undefined ? '' : `, certificate ${fingerprint}`}`,
    ),
    ...done.map(({ kind, text }) => `  ${marks[kind]} ${text}`),
    changed.length === 0 ? `  ${marks.there} ${output}` : `  ${marks.made} ${output}: ${changed.join(', ')}`,
    nothing ? style.good('nothing to change') : 'check it: pve-gitops doctor',
  ];
}

export function setupJson(report: SetupReport): string {
  return JSON.stringify({ version: 1, kind: 'setup', ...report });
}
