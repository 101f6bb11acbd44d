import type { Definition, EngineName } from '../model/definition.ts';
import type { Problem } from '../model/errors.ts';

type Engine = Exclude<EngineName, 'none'>;

/** Any of its files is enough for an engine; of several engines the first counts. */
const ENGINES: Readonly<Record<Engine, readonly string[]>> = {
  cinc: ['recipes/default.rb'],
  ansible: ['playbook.yml'],
  shell: ['configure.sh', 'build-target.sh'],
};

/** `names`: the directory's listing; `recipes` alone counts for cinc unless names below it are listed too. */
function hasEngine(engine: Engine, names: readonly string[]): boolean {
  if (ENGINES[engine].some((file) => names.includes(file))) return true;
  const below = names.some((name) => name.startsWith('recipes/'));
  return engine === 'cinc' && names.includes('recipes') && !below;
}

/** The engine that was chosen, else by the files that are there. */
export function engineOf(names: readonly string[], choice: Definition['engineChoice']): EngineName {
  if (choice !== undefined && choice.value !== 'auto') return choice.value;
  return (['cinc', 'ansible', 'shell'] as const).find((engine) => hasEngine(engine, names)) ?? 'none';
}

/** An engine that was chosen, and has nothing to run. */
export function engineProblems(names: readonly string[], choice: Definition['engineChoice']): Problem[] {
  if (choice === undefined || choice.value === 'auto' || choice.value === 'none') return [];
  const { value: engine, file, line, key } = choice;
  if (hasEngine(engine, names)) return [];
  const message = `${engine} needs ${ENGINES[engine].join(' or ')}, which is not here`;
  return [{ file, line, key, message, fix: 'add it, or write auto' }];
}
