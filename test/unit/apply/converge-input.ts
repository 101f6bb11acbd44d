import type { ConvergeInput, Observation } from '../../../src/apply/context.ts';
import { observe } from '../../../src/apply/observe.ts';
import type { Desired } from '../../../src/model/desired.ts';
import { parseDescription } from '../../../src/model/mark.ts';
import type { Dependency } from '../../../src/model/plan.ts';
import type { Runs } from '../../../src/model/ports.ts';
import { type Identity, ownershipOf, qemuRefusal, refusal } from '../../../src/plan/ownership.ts';
import { plan } from '../../../src/plan/plan.ts';
import { volumesForMark } from '../../../src/plan/volumes.ts';
import { DEBIAN_12, mark } from '../plan/samples.ts';
import type { FakeServer } from './fake-server.ts';

const IDENTITY: Identity = { site: 'home', owner: 'srv/apache', name: 'apache', stage: 'main' };
const TEMPLATES = {
  storage: 'local',
  present: [{ volid: DEBIAN_12, os: 'debian', release: '12', version: '12.7-1' }],
  offered: [],
};

/** What run.ts joins, for a server in memory. */
export function inputFor(
  server: FakeServer,
  wanted: Desired,
  runs?: Runs,
  dependencies: readonly Dependency[] = [],
): ConvergeInput {
  const ports = server.ports(runs);
  // What a storage would list when the run begins.
  const stored = JSON.stringify([...server.containers.values()].map(({ config: { description: _, ...rest } }) => rest));
  const { signal } = new AbortController();
  return {
    ports,
    signal,
    sshKeys: [],
    async observe(): Promise<Observation> {
      const seen = await observe<Observation>({
        ...ports,
        desired: wanted,
        signal,
        candidateOf: (vmid) => 900_000 + vmid,
        judge: {
          claim(state, guest) {
            const ownership = ownershipOf(state, IDENTITY);
            if (ownership.kind !== 'ours') throw refusal(state.vmid, state.node, ownership);
            return {
              kind: 'present',
              state,
              mark: ownership.mark,
              text: ownership.text,
              ...(guest?.pool === undefined ? {} : { pool: guest.pool }),
            };
          },
          qemu: qemuRefusal,
          matches: (found) => found.owner === IDENTITY.owner && found.name === IDENTITY.name,
        },
      });
      return seen.kind === 'absent' ? seen : seen.found;
    },
    replace: () => Promise.reject(new Error('no replace in memory')),
    image: () => Promise.reject(new Error('no image in memory')),
    shell: () => Promise.reject(new Error('no shell in memory')),
    volumes: ({ state, mark: known }, done) =>
      volumesForMark(state, known, wanted, (volid) => !stored.includes(volid) || done.has(`destroyed ${volid}`)),
    decide: (observed, done) =>
      plan({
        without: done,
        desired: wanted,
        observed,
        templates: TEMPLATES,
        dependencies,
        due: { baseline: 'b1', configuration: 'c1', force: false },
      }),
    newMark: (vmid, template) => mark({ vmid, template, applied: {}, hostKeys: [] }),
    guest: {
      baseline: () => Promise.resolve({ result: result('baseline'), mark: { applied: { baseline: 'b1' } } }),
      configure: () => Promise.resolve({ result: result('configure'), mark: { applied: { configuration: 'c1' } } }),
    },
  };
}

const result = (kind: 'baseline' | 'configure') => ({
  kind,
  summary: kind,
  changes: [],
  changed: [],
  warnings: [],
  milliseconds: 1,
});

export const markOf = (server: FakeServer) => parseDescription(server.containers.get(1042)?.config.description).mark;
