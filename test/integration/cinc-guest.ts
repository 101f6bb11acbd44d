import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClock } from '../../src/adapters/clock/clock.ts';
import { runBaseline } from '../../src/baseline/debian.ts';
import type { Shell } from '../../src/model/ports.ts';
import { type Guest, type GuestHost, SUITES, within } from './guest-container.ts';

export interface CincGuest {
  readonly guest: Guest;
  readonly shell: Shell;
  inside(script: string): Promise<string>;
}

/**
 * A container with its baseline and a Cinc client: a template's own (PVE_GITOPS_TEST_TEMPLATE), else the stand-in, and the
 * output says so.
 */
export async function openCincGuest(host: GuestHost, vmid: number): Promise<CincGuest> {
  const guest = await host.start(vmid, SUITES[0], []);
  const shell = await guest.open();
  const inside = async (script: string) =>
    (await shell.run({ name: 'look', argv: ['sh', '-c', script] }, within(120))).stdout.trim();
  const settings = { timezone: 'UTC', locale: 'C.UTF-8', upgrade: false, sshKeys: [] };
  const input = { ...settings, vmid, authority: host.authority };
  await runBaseline(shell, input, createClock(), within(600), () => undefined);
  if ((await inside('command -v cinc-client || true')) !== '') return { guest, shell, inside };
  console.warn('no Cinc client can be had here: a stand-in runs the recipes (test/integration/cinc/cinc-client)');
  await inside('apt-get update -q && apt-get install -q -y --no-install-recommends ruby');
  const argv = ['sh', '-c', 'cat >/usr/local/bin/cinc-client; chmod 755 /usr/local/bin/cinc-client'];
  const program = readFileSync(join(import.meta.dirname, 'cinc/cinc-client'));
  await shell.run({ name: 'stand-in', argv, input: program }, within(30));
  return { guest, shell, inside };
}
