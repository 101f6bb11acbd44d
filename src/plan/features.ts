import type { DesiredFeatures } from '../model/desired.ts';
import { formatProperties, parseProperties } from '../model/property-string.ts';
import { change, type Edit, type FieldContext } from './edit.ts';

const SWITCHES = ['nesting', 'keyctl', 'fuse', 'mknod'] as const;

/** Those that a definition says; others, made by hand, stay as they are. */
export function features({ desired, config }: FieldContext): Edit[] {
  const current = parseProperties(config.features ?? '');
  const changes = [
    ...SWITCHES.flatMap((name) => {
      const [from, to] = [current.get(name) === '1', desired.features[name]];
      return from === to ? [] : [{ name, from: from ? 'on' : 'off', to: to ? 'on' : 'off' }];
    }),
    ...mountChange(current.get('mount'), desired.features.mount),
  ];
  if (changes.length === 0) return [];
  const rest = [...current].filter(([name]) => name !== '' && name !== 'mount' && !isSwitch(name));
  const value = formatProperties(new Map([...wanted(desired.features), ...rest]));
  // Both are one config value: the first edit carries it, so that each feature has a line of its own.
  return changes.map(({ name, from, to }, index): Edit => {
    const reserved = name !== 'nesting' || !desired.unprivileged ? { reserved: `feature ${name}` } : {};
    const edit = { change: change(name, from, to, { disruption: 'restart' }), ...reserved };
    if (index > 0) return edit;
    return value === '' ? { ...edit, remove: ['features'] } : { ...edit, set: { features: value } };
  });
}

/** Value of a new container; empty: none. */
export function featuresValue(desired: DesiredFeatures): string {
  return formatProperties(wanted(desired));
}

function wanted(desired: DesiredFeatures): Map<string, string> {
  const properties = new Map<string, string>();
  for (const name of SWITCHES) if (desired[name]) properties.set(name, '1');
  if (desired.mount.length > 0) properties.set('mount', desired.mount.toSorted().join(';'));
  return properties;
}

function mountChange(observed: string | undefined, types: readonly string[]) {
  const from = (observed ?? '')
    .split(/[;\s]+/)
    .filter((type) => type !== '')
    .toSorted()
    .join(', ');
  const to = types.toSorted().join(', ');
  return from === to ? [] : [{ name: 'mount types', from: from || 'none', to: to || 'none' }];
}

function isSwitch(name: string): boolean {
  return SWITCHES.some((one) => one === name);
}
