import { isReservedName } from '../model/secret-name.ts';
import type { Conflict } from './field.ts';
import { twice } from './schemas.ts';

export function secretConflicts(names: readonly string[]): readonly Conflict[] {
  const reserved = names.flatMap((name, index): Conflict[] =>
    isReservedName(name)
      ? [
          {
            kind: 'conflict',
            path: [index],
            message: `${name} is taken already`,
            fix: `choose another, such as APP_${name}`,
          },
        ]
      : [],
  );
  return [...reserved, ...twice(names, (name) => name)];
}
