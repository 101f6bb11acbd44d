import type { Files, World } from './world.ts';

/** A deploy that is killed and disturbed: what stands before it, and what it is to bring about. */
export interface Scenario {
  readonly name: string;
  /** Deployed before, undisturbed; absent: there is nothing. */
  readonly before?: Files;
  /** What happens between that and the deploy: somebody writes into a volume. */
  meanwhile?(world: World): void;
  readonly files: Files;
  /** What the end must hold beside being the same: texts to be found in it. */
  readonly shows: readonly string[];
}

/** ID 42 on a node whose vmids begin at 100. */
export const SCENARIO_VMID = 1042;

const SCRIPT = `#!/bin/sh
echo 'changed: the service'
`;

const env = (values: Readonly<Record<string, string | number>>): Files => ({
  'config.env': Object.entries({ IP: '192.168.178.42', ID: 42, HOSTNAME: 'web', ...values })
    .map(([key, value]) => `${key}=${value}\n`)
    .join(''),
  'configure.sh': SCRIPT,
});

const SMALL = env({ CORES: 1, MEMORY: 512, DISK: 'local-lvm:4', BOOT: 'yes' });

export const SCENARIOS: readonly Scenario[] = [
  { name: 'create', files: SMALL, shows: ['"hostname":"web"', '"configure.sh":'] },
  {
    name: 'update',
    before: SMALL,
    files: env({ CORES: 2, MEMORY: 1024, DISK: 'local-lvm:6', BOOT: 'no', NESTING: 'no' }),
    shows: ['"memory":"1024"', 'size=6G', '"pending":{}'],
  },
  {
    name: 'configure',
    before: SMALL,
    files: { ...SMALL, 'configure.sh': `${SCRIPT}echo 'changed: more of it'\n` },
    shows: ['"configure.sh":'],
  },
];
