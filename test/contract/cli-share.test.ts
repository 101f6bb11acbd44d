import { afterAll, beforeAll, expect, it } from 'vitest';
import { CliSite, type Ended } from './support/cli.ts';

/** MOUNT=share: what another container of the site serves, and never a directory of the node by itself. */

let site: CliSite;

beforeAll(async () => {
  site = await CliSite.open();
});
afterAll(() => site.close());

const SCRIPT = '#!/bin/sh\ntrue\n';
const LOGIN = { LOGIN: 'anna', PASSWORD: 'correct-horse' };
const flat = ({ text }: Ended): string => text.replace(/\s+/g, ' ');

function definition(name: string, id: number, more = '', at = id): string {
  const config = `IP=192.168.178.${at}\nID=${id}\nHOSTNAME=${name}\nMEMORY=512\nDISK=local-lvm:2\n${more}`;
  return site.definition('apache', { 'config.env': config, 'configure.sh': SCRIPT }, name);
}

interface Planned {
  readonly plan: { readonly steps: readonly { readonly kind: string }[]; readonly notes: readonly string[] };
}
async function planned(directory: string): Promise<Planned['plan']> {
  return (JSON.parse((await site.run(['plan', directory, '--json'], LOGIN)).stdout) as Planned).plan;
}

it('is refused while nothing serves it, before anything is made', async () => {
  const end = await site.run(['deploy', definition('web', 42, 'MOUNT=share\n')], LOGIN);
  expect(end).toMatchObject({ code: 5 });
  expect(flat(end)).toContain('what it depends on is not running: share, which is not there');
  expect(flat(end)).toContain('MOUNT=/host/path:/share');
  expect(await site.config(1042)).toBeUndefined();
});

it('needs no directory of the node where the container share runs, and a second run changes nothing', async () => {
  expect(await site.run(['deploy', definition('share', 45)], LOGIN)).toMatchObject({ code: 0 });
  const web = definition('web', 42, 'MOUNT=share\n');
  expect(await site.run(['deploy', web], LOGIN)).toMatchObject({ code: 0 });
  const config = (await site.config(1042)) ?? {};
  expect(config.features).toContain('fuse=1');
  expect(Object.keys(config).filter((key) => key.startsWith('mp'))).toEqual([]);
  const { steps, notes } = await planned(web);
  expect(steps).toEqual([]);
  expect(notes).toContain('depends on share: container 1045 (stage main) runs, and serves /share by SMB');
});

it('is mounted anew when its address is another one', async () => {
  const web = definition('web', 42, 'MOUNT=share\n');
  const moved = definition('share', 45, '', 46);
  expect(await site.run(['deploy', moved], LOGIN)).toMatchObject({ code: 0 });
  expect((await planned(web)).steps.map(({ kind }) => kind)).toContain('configure');
});

it('is a directory of the node only where somebody says so', async () => {
  const bound = definition('web', 42, 'MOUNT=/usr:/share\n');
  const plan = await site.run(['plan', bound], LOGIN);
  expect(flat(plan)).toContain('no backup holds it');
  expect(flat(plan)).not.toContain('serves /share');
});
