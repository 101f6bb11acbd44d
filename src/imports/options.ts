import { type KeyToWrite, type PlainValue, yesOrNo } from '../definition/write.ts';
import { parseProperties } from '../model/property-string.ts';
import { TAG, tagsOf } from '../plan/text.ts';
import { type Config, type Note, type Part, present } from './part.ts';

/** What the guests' list knows beside the config, and what people wrote into the description. */
export interface OptionFacts {
  readonly pool?: string;
  /** The description without an owner mark. */
  readonly text: string;
}

/** Start, privileges, features, and how the container is filed. */
export function optionsOf(config: Config, { pool, text }: OptionFacts): Part {
  // Plans compare tags without case, and definitions write them small.
  const tags = [...new Set(tagsOf(config.tags).map((tag) => tag.toLowerCase()))].filter((tag) => tag !== TAG);
  const features = featuresOf(config.features);
  const servers = (config.nameserver ?? '').split(/[,;\s]+/).filter((server) => server !== '');
  const domain = (config.searchdomain ?? '').trim();
  const key = (name: string, value: PlainValue | undefined): KeyToWrite[] =>
    value === undefined ? [] : [{ key: name, value }];
  return {
    keys: [
      ...key('nameserver', servers.length === 1 ? servers[0] : servers.length === 0 ? undefined : servers),
      ...key('searchdomain', domain === '' ? undefined : domain),
      ...key('boot', config.onboot === '1' ? undefined : 'no'),
      ...key('startup', startupOf(config.startup)),
      ...key('unprivileged', config.unprivileged === '1' ? undefined : 'no'),
      ...features.keys,
      ...key('pool', pool),
      ...key('tags', tags.length === 0 ? undefined : tags),
      ...key('description', text === '' ? undefined : text),
      ...key('protection', config.protection === '1' ? 'yes' : hasVolumes(config) ? 'no' : undefined),
    ],
    notes: features.notes,
  };
}

/** `order=1,up=30,down=60`; the order may stand alone. */
function startupOf(text: string | undefined): PlainValue | undefined {
  if (text === undefined) return undefined;
  const properties = parseProperties(text);
  const number = (name: string): number | undefined => {
    const value = properties.get(name) ?? (name === 'order' ? properties.get('') : undefined);
    return value === undefined || !/^\d+$/.test(value) ? undefined : Number(value);
  };
  const value = present({ order: number('order'), up: number('up'), down: number('down') });
  return Object.keys(value).length === 0 ? undefined : value;
}

const SWITCHES = ['nesting', 'keyctl', 'fuse', 'mknod'] as const;

/** `nesting: no` alone where no other feature is on: yes is the default. */
function featuresOf(text: string | undefined): Part {
  const properties = parseProperties(text ?? '');
  const isOn = (name: string): boolean => properties.get(name) === '1';
  const mount = (properties.get('mount') ?? '').split(/[;\s]+/).filter((type) => type !== '');
  const unknown = [...properties.keys()].filter((name) => name !== '' && name !== 'mount' && !isSwitch(name));
  const notes: Note[] = unknown.map((name) => ({
    key: 'features',
    text: `no key says ${name}=${properties.get(name)}: it stays as it is`,
  }));
  const others = SWITCHES.filter((name) => name !== 'nesting' && isOn(name));
  if (others.length === 0 && mount.length === 0) {
    return { keys: isOn('nesting') ? [] : [{ key: 'nesting', value: 'no' }], notes };
  }
  const value: PlainValue = {
    nesting: yesOrNo(isOn('nesting')),
    ...Object.fromEntries(others.map((name) => [name, 'yes'])),
    ...(mount.length === 0 ? {} : { mount }),
  };
  return { keys: [{ key: 'features', value }], notes };
}

function isSwitch(name: string): boolean {
  return SWITCHES.some((known) => known === name);
}

/** Where it says nothing, a deploy protects what has volumes: what is written is what there is. */
function hasVolumes(config: Config): boolean {
  return Object.entries(config).some(([key, value]) => /^mp\d+$/.test(key) && !value.startsWith('/'));
}
