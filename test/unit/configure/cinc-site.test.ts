import { expect, it } from 'vitest';
import { formatDescription, type Mark } from '../../../src/model/mark.ts';
import type { ContainerState, Guest } from '../../../src/model/observed.ts';
import type { Ports } from '../../../src/model/ports.ts';
import { siteContainers } from '../../../src/site-containers.ts';

const mark = (vmid: number, more: Partial<Mark> = {}): Mark => ({
  site: 'home',
  owner: 'srv/apache',
  name: `c${vmid}`,
  stage: 'main',
  vmid,
  role: 'live',
  applied: {},
  hostKeys: [],
  ...more,
});
const guest = (vmid: number, more: Partial<Guest> = {}): Guest => ({
  vmid,
  type: 'lxc',
  node: 'pve',
  status: 'running',
  template: false,
  tags: ['pve-gitops'],
  ...more,
});
const state = (vmid: number, description: string, net0 = `name=eth0,ip=10.0.0.${vmid}/24`): ContainerState => ({
  vmid,
  node: 'pve',
  running: true,
  config: { description, hostname: `host-${vmid}`, net0 },
  pending: {},
  digest: '',
});

it('finds running containers of this site by their marks, and their addresses', async () => {
  const states = [
    state(1, formatDescription('', mark(1))),
    state(2, formatDescription('', mark(2)), 'name=eth0,ip=dhcp'),
    state(3, formatDescription('', mark(3, { site: 'other' }))),
    state(4, formatDescription('', mark(4, { role: 'candidate' }))),
    state(5, formatDescription('', mark(99))),
    state(6, 'made by hand'),
  ];
  const guests = [
    ...states.map(({ vmid }) => guest(vmid)),
    guest(7),
    guest(8, { status: 'stopped' }),
    guest(9, { tags: [] }),
  ];
  const asked: number[] = [];
  const inventory = {
    guests: async () => guests,
    container: async (_: string, vmid: number) => {
      asked.push(vmid);
      return states.find((entry) => entry.vmid === vmid);
    },
    addresses: async (_: string, vmid: number) => [`10.1.1.${vmid}`],
  } as unknown as Ports['inventory'];
  expect(await siteContainers({ inventory }, 'home', new AbortController().signal)).toEqual([
    { name: 'c1', stage: 'main', hostname: 'host-1', vmid: 1, address: '10.0.0.1' },
    { name: 'c2', stage: 'main', hostname: 'host-2', vmid: 2, address: '10.1.1.2' },
  ]);
  expect(asked).toEqual([1, 2, 3, 4, 5, 6, 7]);
});
