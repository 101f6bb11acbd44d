import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { ApiError, type Json, parameterError } from '../http/answer.ts';
import type { Call, Routes } from './call.ts';

function list({ core }: Call): Json {
  return core.profile.templates.map(({ suite: _suite, ...offered }) => ({
    ...offered,
    section: 'system',
    type: 'lxc',
    architecture: 'amd64',
    source: 'local node',
    location: `made on this machine from Debian's packages`,
    description: `${offered.headline}, made by the local node with debootstrap.`,
    infopage: 'https://www.debian.org/',
    maintainer: 'pve-gitops',
    sha512sum: '',
  }));
}

/** Makes the template instead of fetching it; the task has the type of Proxmox VE's download. */
function download(call: Call): Json {
  const { core } = call;
  const file = call.required('template');
  const offered = core.profile.templates.find((candidate) => candidate.template === file);
  if (offered === undefined) throw parameterError({ template: 'no such template' });
  const { storage, content } = core.storages.enabled(call.required('storage'));
  if (!content.includes('vztmpl')) throw new ApiError(500, `storage '${storage}' does not support templates`);
  const destination = core.storages.filePath({ storage, name: `vztmpl/${file}` });
  return core.tasks.start('download', file, call.authuser, async (task) => {
    if (existsSync(destination)) {
      task.log(`template '${file}' is already there`);
      return;
    }
    core.volumes.assertSpace(storage);
    mkdirSync(dirname(destination), { recursive: true });
    const recipe = { file, os: offered.os, suite: offered.suite, arch: 'amd64' };
    await core.backend.makeTemplate(recipe, destination, task.log, task.signal);
    task.log(`download of '${file}' finished`);
  });
}

export const aplinfoRoutes: Routes = {
  'GET /nodes/{node}/aplinfo': list,
  'POST /nodes/{node}/aplinfo': download,
};
