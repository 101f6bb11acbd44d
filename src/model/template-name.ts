import type { OfferedTemplate, TemplateFile } from './observed.ts';

/** `debian-12-standard_12.7-1_amd64.tar.zst`: system, release, flavour, version, architecture. */
const NAME = /^([a-z][a-z0-9]*)-(\d[\d.]*)-([a-z0-9-]+)_([^_]+)_([a-z0-9]+)\.tar(?:\.[a-z0-9]+)?$/i;

/** undefined: a name that does not follow the pattern of Proxmox VE's own templates (someone's own archive). */
export function parseTemplateName(name: string): OfferedTemplate | undefined {
  const [, os, release, , version] = NAME.exec(name) ?? [];
  if (os === undefined || release === undefined || version === undefined) return undefined;
  return { name, os: os.toLowerCase(), release, version };
}

/** `local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst` */
export function parseTemplateVolid(volid: string): TemplateFile | undefined {
  const parsed = parseTemplateName(volid.replace(/^[^:]+:(?:.*\/)?/, ''));
  if (parsed === undefined) return undefined;
  const { os, release, version } = parsed;
  return { volid, os, release, version };
}

/** Orders by release, then version, number by number: 12.12-1 is newer than 12.7-1. Negative: a is older. */
export function compareTemplates(
  a: { readonly release: string; readonly version: string },
  b: { readonly release: string; readonly version: string },
): number {
  return compareVersions(a.release, b.release) || compareVersions(a.version, b.version);
}

export function compareVersions(a: string, b: string): number {
  const left = a.split(/[^\d]+/).map(Number);
  const right = b.split(/[^\d]+/).map(Number);
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}
