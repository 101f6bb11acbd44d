import { definitionSchemaText } from '../../src/definition/json-schema.ts';

/** Prints the JSON Schema of container.yml, as schemas/container.schema.json has it. */
export function printSchema(): number {
  process.stdout.write(definitionSchemaText());
  return 0;
}
