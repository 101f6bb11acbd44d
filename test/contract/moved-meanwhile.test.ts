import { rmSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { attempt } from '../faults/attempt.ts';
import { endState } from '../faults/end-state.ts';
import { goldenOf } from '../faults/golden.ts';
import { SCENARIO_VMID, SCENARIOS } from '../faults/scenarios.ts';
import { WireRun } from '../faults/wire.ts';
import { temporaryFolder, World } from '../faults/world.ts';

const home = temporaryFolder();
afterAll(() => rmSync(home, { recursive: true, force: true }));

it('a container that leaves its node while a run looks at it is looked for again', async () => {
  const scenario = SCENARIOS.find(({ name }) => name === 'migrate');
  if (scenario === undefined) throw new Error('no such scenario');
  const golden = await goldenOf(scenario, home);
  const world = await World.open(home, golden.start);
  const gone: string[] = [];
  const wire = new WireRun(undefined, async ({ method, path }) => {
    if (gone.length > 0 || method !== 'GET' || !path.endsWith(`/lxc/${SCENARIO_VMID}/snapshot`)) return;
    gone.push(path);
    await world.call('POST', `/nodes/pve/lxc/${SCENARIO_VMID}/migrate`, { target: 'pve2', restart: 1 });
    await world.settle();
  });
  try {
    const { code, message } = await attempt(world, scenario.files, wire);
    expect({ code, message, gone }).toEqual({
      code: 0,
      message: '',
      gone: [`/nodes/pve/lxc/${SCENARIO_VMID}/snapshot`],
    });
    expect(JSON.stringify(endState(world.node.core, golden.known))).toContain(`"standing":{"${SCENARIO_VMID}":"pve2"}`);
  } finally {
    await world.close();
    rmSync(golden.start.folder, { recursive: true, force: true });
  }
});
