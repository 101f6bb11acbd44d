import { describe, expect, it } from 'vitest';
import { type AddressSearch, candidateAddress } from '../../src/candidate-address.ts';
import { container, desired } from './plan/samples.ts';

/** Where a candidate comes up: never where somebody answers, nor where another candidate or job is to be. */

const CANDIDATE = 901_042;
const ALL = ['192.168.178.90', '192.168.178.91', '192.168.178.92'];

interface Site {
  readonly addresses?: AddressSearch['settings']['candidateAddresses'];
  /** Answer to a ping. */
  readonly answering?: readonly string[];
  /** vmid → address */
  readonly others?: Readonly<Record<number, string>>;
}

function search({ addresses = ALL, answering = [], others = {} }: Site): AddressSearch {
  const guests = Object.keys(others).map((vmid) => ({ vmid: Number(vmid), node: 'pve', type: 'lxc' }));
  return {
    ports: {
      shells: { answers: async (address: string) => answering.includes(address) },
      inventory: {
        guests: async () => guests,
        container: async (_: string, vmid: number) =>
          container({ net0: `name=eth0,bridge=vmbr0,ip=${others[vmid]}/24` }, { vmid }),
      },
    } as unknown as AddressSearch['ports'],
    settings: {
      candidateAddresses: addresses,
      candidateVmidBase: 900_000,
      network: { prefix: 24 },
    } as AddressSearch['settings'],
    desired: desired(),
    signal: new AbortController().signal,
  };
}

const found = async (site: Site, candidate = CANDIDATE) => {
  const address = await candidateAddress(search(site), candidate);
  return address.kind === 'static' ? address.address : address.kind;
};

describe('the address of a candidate', () => {
  it('is from DHCP, or the live one’s, where the site says so', async () => {
    expect([await found({ addresses: 'dhcp' }), await found({ addresses: 'none' })]).toEqual(['dhcp', 'live']);
  });

  it('has prefix and gateway of the definition', async () => {
    expect(await candidateAddress(search({}), CANDIDATE)).toMatchObject({ prefix: 24, gateway: '192.168.178.1' });
  });

  it('of two at the same time is not the same', async () => {
    expect(await found({})).not.toBe(await found({}, CANDIDATE + 1));
  });

  it('is none that answers, and none that another candidate has, whether it runs or not', async () => {
    const [first = '', second = '', third = ''] = [CANDIDATE, CANDIDATE + 1, CANDIDATE + 2].map(
      (vmid) => ALL[vmid % 3] ?? '',
    );
    expect(await found({})).toBe(first);
    expect(await found({ answering: [first] })).toBe(second);
    expect(await found({ answering: [first], others: { 901077: second } })).toBe(third);
    // Its own, which a killed run has left, is no other one.
    expect(await found({ others: { [CANDIDATE]: first } })).toBe(first);
  });

  it('is none at all when all are taken: busy, with what to do', async () => {
    await expect(found({ answering: ALL })).rejects.toMatchObject({
      kind: 'busy',
      message: expect.stringContaining('all 3 candidate_addresses are taken') as string,
    });
  });
});
