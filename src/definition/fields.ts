import { containerFields } from './container-fields.ts';
import type { Field, FieldName, ValueOf, WrittenFields } from './field.ts';
import { networkFields } from './network-fields.ts';
import { privilegeFields } from './privilege-fields.ts';
import { resourceFields } from './resource-fields.ts';
import { serviceFields } from './service-fields.ts';
import { storageFields } from './storage-fields.ts';

/** All keys, in the order of the documentation; the parser, the JSON Schema and docs/definition.md come from here. */
export const fields: { readonly [Name in FieldName]-?: Field<ValueOf<WrittenFields[Name]>> } = {
  ...containerFields,
  ...networkFields,
  ...resourceFields,
  ...storageFields,
  ...privilegeFields,
  ...serviceFields,
};

export const fieldNames = Object.keys(fields) as readonly FieldName[];
