import { expect, it } from 'vitest';
import type { Desired } from '../../../src/model/desired.ts';
import { formatDescription, type Mark } from '../../../src/model/mark.ts';
import type { Ports } from '../../../src/model/ports.ts';
import type { RunOptions } from '../../../src/run.ts';
import { assertShare, siteShare } from '../../../src/site-share.ts';

const OWN = { from: { container: 'share' }, name: 'share', readOnly: false } as const;

interface Row {
  readonly vmid: number;
  readonly name?: string;
  readonly stage?: string;
  readonly site?: string;
  readonly status?: 'running' | 'stopped';
}

function looked(share: Desired['share'], stage: string, rows: readonly Row[]) {
  let asked = 0;
  const inventory = {
    async guests() {
      asked += 1;
      return rows.map(({ vmid, status = 'running' }) => ({
        ...{ vmid, status, type: 'lxc', node: 'pve', template: false, tags: ['pve-gitops'] },
      }));
    },
    async container(_: string, vmid: number) {
      const { name = 'share', stage = 'main', site = 'home' } = rows.find((row) => row.vmid === vmid) ?? {};
      const owner = `srv/${name}`;
      const mark: Mark = { site, owner, name, stage, vmid, role: 'live', applied: {}, hostKeys: [] };
      const net0 = `name=eth0,ip=10.0.0.${vmid}/24`;
      const config = { description: formatDescription('', mark), hostname: name, net0 };
      return { vmid, node: 'pve', running: true, config, pending: {}, digest: '' };
    },
  } as unknown as Ports['inventory'];
  const options = { desired: { share, stage }, settings: { site: 'home' }, signal: new AbortController().signal };
  const found = siteShare({ inventory }, options as unknown as RunOptions);
  return { found, asked: () => asked };
}

it('is the site’s own container of its stage, or else of main, by its address', async () => {
  const rows = [
    { vmid: 40, site: 'other' },
    { vmid: 41, name: 'cache' },
    { vmid: 45 },
    { vmid: 46, stage: 'develop' },
    { vmid: 47, stage: 'test', status: 'stopped' },
  ] as const;
  expect(await looked(OWN, 'main', rows).found).toEqual({ host: '10.0.0.45', name: 'share', readOnly: false });
  expect(await looked(OWN, 'develop', rows).found).toMatchObject({ host: '10.0.0.46' });
  expect(await looked(OWN, 'test', rows).found).toMatchObject({ host: '10.0.0.45' });
});

it('is not there when nothing serves it, and a run stops there', async () => {
  const found = await looked(OWN, 'main', [{ vmid: 45, status: 'stopped' }]).found;
  expect(found).toBeUndefined();
  expect(() => assertShare({ share: OWN }, 1042, found)).toThrow(
    'Unable to mount the share in container 1042: what serves it is not running',
  );
  expect(assertShare({}, 1042, undefined)).toBeUndefined();
});

it('costs nothing where the setting says the server, or where there is none', async () => {
  const named = looked({ from: { host: 'nas.home' }, name: 'files', readOnly: true }, 'main', []);
  expect(await named.found).toEqual({ host: 'nas.home', name: 'files', readOnly: true });
  const none = looked(undefined, 'main', []);
  expect(await none.found).toBeUndefined();
  expect([named.asked(), none.asked()]).toEqual([0, 0]);
});
