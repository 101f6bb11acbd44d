import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkHost } from '../../local/node/backend/lxc/requirements.ts';
import { shuffled } from '../faults/sample.ts';
import { type Death, FaultSite } from './faults-site.ts';

/**
 * A create, an update, a configure and a replace with a volume on real containers, SIGKILL before or after a write or a
 * command, run again: the same end. `FAULTS_SAMPLE` tries (20), chosen by `FAULTS_SEED` (1), or `all`.
 */

const missing = await checkHost();

describe('deploys to real containers that are killed', () => {
  it('are tried only where containers can run', () => {
    for (const { what, reason } of missing) console.warn(`LEFT OUT: kills on real containers: ${what}: ${reason}`);
    expect(missing.every(({ reason }) => reason !== '')).toBe(true);
  });
});

/** No package is fetched: what is tried is the deploy. */
const script = (word: string): string => `#!/bin/sh
set -eu
if [ "$(cat /srv/data/seen 2>/dev/null)" != '${word}' ]; then
  echo '${word}' > /srv/data/seen
  echo 'changed: seen'
fi
`;
const yaml = (memory: number, disk: number, nesting: string): string => `id: 42
ip: 192.168.178.42
hostname: web
memory: ${memory}
disk: local-lvm:${disk}
nesting: ${nesting}
engine: shell
volumes:
  data: { path: /srv/data, disk: "local-lvm:1" }
`;

/** Each begins where the one before has ended. */
const SCENARIOS = [
  { name: 'create', yaml: yaml(512, 3, 'yes'), script: script('one') },
  { name: 'update', yaml: yaml(640, 3, 'no'), script: script('one') },
  { name: 'configure', yaml: yaml(640, 3, 'no'), script: script('two') },
  { name: 'replace', yaml: yaml(640, 2, 'no'), script: script('two') },
] as const;
type Name = (typeof SCENARIOS)[number]['name'];

const { FAULTS_SAMPLE: sample = '20', FAULTS_SEED: seed = '1' } = process.env;

if (missing.length === 0) {
  let site: FaultSite;
  /** What each sent, and what it came to. */
  const golden = new Map<Name, { readonly sent: readonly string[]; readonly end: unknown }>();
  const tried: string[] = [];

  beforeAll(async () => {
    site = await FaultSite.open();
    const [{ yaml: first, script: sets }] = SCENARIOS;
    const warm = await site.deploy(site.define(first, sets));
    expect({ code: warm.code, text: warm.code === 0 ? '' : warm.text }).toEqual({ code: 0, text: '' });
    await site.remove();
  });
  afterAll(async () => {
    await site?.close();
    console.log(`killed and run again on real containers, ${tried.length} (seed ${seed}):\n  ${tried.join('\n  ')}`);
  });

  const momentsOf = (name: Name): readonly Death[] =>
    (golden.get(name)?.sent ?? []).flatMap((_, at) => [
      { at, side: 'before' } as const,
      { at, side: 'after' } as const,
    ]);

  /** One round through all of them, each killed once where a death is given. */
  async function round(deaths: Readonly<Partial<Record<Name, Death>>>, only?: Name): Promise<void> {
    let identity: unknown;
    for (const { name, ...definition } of SCENARIOS) {
      const directory = site.define(definition.yaml, definition.script);
      const death = deaths[name];
      if (death !== undefined) {
        const first = await site.deploy(directory, death);
        const sent = golden.get(name)?.sent ?? [];
        const what = `${name}, ${death.side} ${death.at + 1} of ${sent.length}: ${sent[death.at]}`;
        expect({ what, code: first.code, text: first.code === null ? '' : first.text }).toEqual({
          what,
          code: null,
          text: '',
        });
        tried.push(what);
      }
      const again = await site.deploy(directory);
      const what = `${name} ${JSON.stringify(death)}`;
      expect({ what, text: again.code === 0 ? '' : again.text }).toEqual({ what, text: '' });
      if (name === 'create') {
        site.fill();
        identity = await site.identity();
      }
      const end = await site.state();
      const whole = golden.get(name);
      if (whole === undefined) golden.set(name, { sent: again.sent, end });
      else expect({ what, end }).toEqual({ what, end: whole.end });
      expect(await site.identity()).toEqual(identity);
      if (name === only) break;
    }
    await site.remove();
  }

  describe('a create, an update, a configure and a replace with a volume', () => {
    it('go well undisturbed', async () => {
      await round({});
      expect(SCENARIOS.map(({ name }) => momentsOf(name).length > 0)).toEqual([true, true, true, true]);
    }, 300_000);

    it('killed and run again: the same end, the volume byte for byte, nothing left over', async () => {
      const count = sample === 'all' ? Number.POSITIVE_INFINITY : Math.ceil(Number(sample) / SCENARIOS.length);
      const chosen = SCENARIOS.map(
        ({ name }) => [name, shuffled(momentsOf(name), `${seed} ${name}`).slice(0, count)] as const,
      );
      const rounds = Math.max(...chosen.map(([, moments]) => moments.length));
      for (let index = 0; index < rounds; index += 1) {
        const due = chosen.flatMap(([name, moments]) =>
          moments[index] === undefined ? [] : [[name, moments[index]] as const],
        );
        await round(Object.fromEntries(due), due.at(-1)?.[0]);
      }
      if (sample !== 'all') expect(tried).toHaveLength(Number(sample));
    }, 7_200_000);
  });
}
