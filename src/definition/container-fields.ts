import * as z from 'zod';
import { field } from './field.ts';
import { HOSTNAME, NODE, POOL, TAG, TEMPLATE } from './forms.ts';
import { hostnameHint, tagHint } from './hints.ts';
import { asList, asNumber, flag, isPrintable, listOf, same, twice, whole } from './schemas.ts';
import { startup } from './startup.ts';

const node = z.string().regex(NODE);
const tag = z.string().regex(TAG);

/** What a container is and where it stands. */
export const containerFields = {
  state: field({
    env: 'STATE',
    yaml: 'state',
    schema: z.enum(['present', 'absent']),
    convert: same,
    form: 'present or absent',
    default: 'present',
    effect: 'destroy',
    description: 'Whether the container shall be there; absent destroys it',
  }),
  id: field({
    env: 'ID',
    yaml: 'id',
    schema: whole(1, 999_999_999),
    convert: same,
    fromText: asNumber,
    form: 'a whole number from 1 to 999999999',
    default: 'the lowest free vmid',
    effect: 'another',
    description: 'Number of the container; below 100 the setting vmid_base is added',
  }),
  vmid: field({
    yaml: 'vmid',
    schema: whole(100, 999_999_999),
    convert: same,
    form: 'a whole number from 100 to 999999999',
    default: 'by id',
    effect: 'another',
    description: 'vmid as Proxmox VE has it, instead of id',
  }),
  nodes: field({
    env: 'NODE',
    yaml: 'node',
    schema: z.union([node, z.array(node).min(1).max(64).meta({ uniqueItems: true })]),
    convert: listOf<string>,
    conflicts: (written) => twice(listOf<string>(written), (name) => name),
    fromText: asList,
    form: 'the name of a node, or a list of names',
    default: 'setting proxmox.node',
    effect: 'move',
    description: 'Where it may stand: a new one on the first that is online, one that is on any of them stays there',
  }),
  hostname: field({
    env: 'HOSTNAME',
    yaml: 'hostname',
    schema: z.string().regex(HOSTNAME),
    convert: same,
    form: 'a host name of letters, digits and hyphens',
    hint: hostnameHint,
    default: "the repository's name, after the stage where that is not main",
    effect: 'live',
    description: 'Host name',
  }),
  template: field({
    env: 'TEMPLATE',
    yaml: 'template',
    schema: z.string().regex(TEMPLATE),
    convert: same,
    form: 'debian, debian-12, ubuntu-24.04 or storage:vztmpl/file.tar.zst',
    default: 'debian: the newest that the server knows',
    effect: 'replace',
    description: 'Template of the root file system; a newer one is shown and never replaces by itself',
  }),
  boot: field({
    ...flag,
    env: 'BOOT',
    yaml: 'boot',
    default: 'yes',
    effect: 'live',
    description: 'Start with the node',
  }),
  startup,
  protection: field({
    ...flag,
    env: 'PROTECTION',
    yaml: 'protection',
    default: 'on while it has volumes, else left as it is',
    effect: 'live',
    description: 'Proxmox VE refuses to remove the container and its disks',
  }),
  pool: field({
    env: 'POOL',
    yaml: 'pool',
    schema: z.string().regex(POOL),
    convert: same,
    form: 'the name of a pool, such as web or site/web',
    default: 'left as it is',
    effect: 'live',
    description: 'Resource pool of Proxmox VE',
  }),
  tags: field({
    env: 'TAGS',
    yaml: 'tags',
    schema: z.union([tag, z.array(tag).max(64).meta({ uniqueItems: true })]),
    convert: listOf<string>,
    conflicts: (written) => twice(listOf<string>(written), (name) => name),
    fromText: asList,
    form: 'tags of lower-case letters, digits and hyphens',
    hint: tagHint,
    default: 'left as they are',
    effect: 'live',
    description: 'Tags, all of them; pve-gitops is always there too',
  }),
  description: field({
    env: 'DESCRIPTION',
    yaml: 'description',
    schema: z.string().min(1).max(4096).refine(isPrintable).refine(isOurText),
    convert: (text) => text.trimEnd(),
    form: 'text of at most 4096 characters, without control characters and without an owner mark',
    default: 'left as it is',
    effect: 'live',
    description: 'Text above the owner mark in the notes of Proxmox VE, in Markdown',
  }),
};

/** What looks like an owner mark would say whose the container is. */
function isOurText(text: string): boolean {
  return text.trim() !== '' && !/<!--\s*pve-gitops/i.test(text);
}
