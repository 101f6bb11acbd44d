import type { Json } from '../http/answer.ts';
import type { Release } from '../schema/load.ts';
import type { Routes } from './call.ts';

/** As the servers of the recordings, and one of the other release, say it. */
const VERSIONS: Readonly<Record<Release, { readonly [key: string]: Json }>> = {
  '8.4': { release: '8.4', repoid: '2606ac85000local', version: '8.4.21' },
  '9.1': { release: '9.1', repoid: '5ac30304265fbd8e', version: '9.1.4' },
};

export function versionOf(release: Release): { readonly [key: string]: Json } {
  return VERSIONS[release];
}

export const versionRoutes: Routes = {
  'GET /version': ({ core }) => versionOf(core.release),
  'GET /nodes/{node}/version': ({ core }) => versionOf(core.release),
};
