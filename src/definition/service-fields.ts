import * as z from 'zod';
import type { HealthCheck } from '../model/definition.ts';
import { field } from './field.ts';
import { DEPENDENCY, SECRET, SNAPSHOT } from './forms.ts';
import { check, checkParts, healthCheck, healthFromText } from './health.ts';
import { secretHint } from './hints.ts';
import { asList, listOf, same, twice } from './schemas.ts';
import { secretConflicts } from './secret-names.ts';

const dependency = z.string().regex(DEPENDENCY);
const secret = z.string().regex(SECRET);
const snapshot = z.string().regex(SNAPSHOT);

/** What runs in a container, and what it needs. */
export const serviceFields = {
  engineChoice: field({
    env: 'ENGINE',
    yaml: 'engine',
    schema: z.enum(['auto', 'cinc', 'ansible', 'shell', 'none']),
    convert: same,
    form: 'auto, cinc, ansible, shell or none',
    default: 'auto: by the files that are there',
    effect: 'configure',
    description: 'What configures the service; one whose files are not there is an error',
  }),
  secrets: field({
    env: 'SECRETS',
    yaml: 'secrets',
    schema: z.union([secret, z.array(secret).max(64).meta({ uniqueItems: true })]),
    convert: listOf<string>,
    conflicts: (written) => secretConflicts(listOf<string>(written)),
    fromText: asList,
    form: 'names of upper-case letters, digits and underscores',
    hint: secretHint,
    default: 'all of secrets.env',
    effect: 'configure',
    description:
      'Names that the engine finds in its environment; SECRET_NAME in the environment of the run holds the value, or secrets.env',
  }),
  depends: field({
    env: 'DEPENDS',
    yaml: 'depends',
    schema: z.union([dependency, z.array(dependency).max(64).meta({ uniqueItems: true })]),
    convert: listOf<string>,
    conflicts: (written) => twice(listOf<string>(written), (name) => name),
    fromText: asList,
    form: 'names of containers of this site, or owner/name',
    default: 'none',
    effect: 'nothing',
    description: 'Containers that have to run before this one is deployed, of the same stage or of main',
  }),
  health: field({
    env: 'HEALTH',
    yaml: 'health',
    schema: z.array(check).min(1).max(64),
    convert: (written): readonly HealthCheck[] => written.map(healthCheck),
    fromText: healthFromText,
    shape: { kind: 'list', parts: checkParts, item: 'one of unit, tcp, http and command' },
    form: 'checks such as unit:apache2 tcp:1883 http://:80/ contains=text',
    default: 'no unit has failed',
    effect: 'nothing',
    description: 'What has to work after a deploy',
  }),
  wayBack: field({
    env: 'WAY_BACK',
    yaml: 'way_back',
    schema: z.enum(['auto', 'snapshot', 'backup', 'none']),
    convert: same,
    form: 'auto, snapshot, backup or none',
    default: 'auto',
    effect: 'nothing',
    description: 'How a failed deploy is taken back',
  }),
  dropSnapshots: field({
    env: 'DROP_SNAPSHOTS',
    yaml: 'drop_snapshots',
    schema: z.union([snapshot, z.array(snapshot).max(64).meta({ uniqueItems: true })]),
    convert: listOf<string>,
    conflicts: (written) => twice(listOf<string>(written), (name) => name),
    fromText: asList,
    form: 'names of snapshots, such as before_upgrade',
    default: 'none',
    effect: 'nothing',
    description:
      'Snapshots that somebody else took, and that may go where they stand in the way of a replace or a move',
  }),
};
