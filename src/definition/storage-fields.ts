import * as z from 'zod';
import { devices } from './devices.ts';
import { field } from './field.ts';
import { DISK } from './forms.ts';
import { diskHint } from './hints.ts';
import { mounts } from './mounts.ts';
import { diskOf, volumes } from './volumes.ts';

/** What holds data, and what of the node is seen within. */
export const storageFields = {
  disk: field({
    env: 'DISK',
    yaml: 'disk',
    schema: z.string().regex(DISK),
    convert: diskOf,
    form: 'storage:GiB, such as local-lvm:8',
    hint: diskHint,
    unit: 'GiB',
    default: '8 on the setting proxmox.storage',
    effect: 'live',
    description: 'Root disk; it grows live, another storage is a move in one stop, a smaller size is a replace',
  }),
  volumes,
  mounts,
  devices,
};
