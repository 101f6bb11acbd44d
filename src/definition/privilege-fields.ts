import * as z from 'zod';
import type { Features } from '../model/definition.ts';
import { field } from './field.ts';
import { FILE_SYSTEM } from './forms.ts';
import { flag, flagOf, given, optional, twice, yesNo } from './schemas.ts';

const yes = { schema: yesNo, form: 'yes or no', effect: 'restart' } as const;

const parts = {
  nesting: { ...yes, default: 'yes', description: 'What systemd and containers inside need' },
  keyctl: { ...yes, default: 'no', description: 'The system call keyctl, for containers inside' },
  fuse: { ...yes, default: 'no', description: 'File systems of FUSE' },
  mknod: { ...yes, default: 'no', description: 'Some device nodes can be made' },
  mount: {
    schema: z.array(z.string().regex(FILE_SYSTEM)).max(32).meta({ uniqueItems: true }),
    form: 'a list of file system types, such as nfs',
    default: 'none',
    effect: 'restart',
    description: 'File systems that can be mounted inside',
  },
} as const;

/** What a container may do on its node. */
export const privilegeFields = {
  unprivileged: field({
    ...flag,
    env: 'UNPRIVILEGED',
    yaml: 'unprivileged',
    default: 'yes',
    effect: 'replace',
    description: 'Root of the container is no root of the node',
  }),
  nesting: field({
    ...flag,
    env: 'NESTING',
    yaml: 'nesting',
    default: 'yes',
    effect: 'restart',
    description: 'What systemd and containers inside need',
  }),
  features: field({
    yaml: 'features',
    schema: z.strictObject(optional(parts)),
    convert: ({ nesting, keyctl, fuse, mknod, mount }): Features =>
      given({ nesting: flagOf(nesting), keyctl: flagOf(keyctl), fuse: flagOf(fuse), mknod: flagOf(mknod), mount }),
    conflicts: ({ mount = [] }) => twice(mount, String, (at) => ['mount', at]),
    shape: { kind: 'map', parts, item: 'nesting, keyctl, fuse, mknod and mount' },
    form: 'nesting, keyctl, fuse, mknod and mount, such as {fuse: yes}',
    default: 'nesting only',
    effect: 'restart',
    description: 'Features of Proxmox VE; all but nesting need root@pam',
  }),
};
