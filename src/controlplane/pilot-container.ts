import { call, DEADLINES } from '../apply/deadlines.ts';
import { leasedAddress } from '../apply/leased-address.ts';
import { authorizedKeys, hostKeysOf, pinnedHostKeys } from '../apply/steps/create.ts';
import { candidateAddress } from '../candidate-address.ts';
import { newestDebian } from '../jobs/container.ts';
import { destroyThrowAway } from '../jobs/throw-away.ts';
import { GitopsError } from '../model/errors.ts';
import { formatDescription, type Mark } from '../model/mark.ts';
import type { Ports, Shell } from '../model/ports.ts';
import { jobParameters } from '../plan/job.ts';
import type { RunOptions } from '../run.ts';

/** A container that does for the control plane what would end the control plane's own runs. */
export interface Pilot {
  readonly vmid: number;
  readonly shell: Shell;
  close(): Promise<void>;
}

type Options = Pick<RunOptions, 'settings' | 'desired' | 'signal'>;

/** vmid of the pilot of a container: always the same one, so that it is found whatever else is lost. */
const PILOT_BASE = 600_000;
/** When it is left behind: longer than its work may last. */
const EXPIRES_MS = 2 * 3600_000;

/** Makes a pilot beside a container: the newest Debian, with nothing in it but the site's CA. One that was left is destroyed. */
export async function openPilot(
  ports: Ports,
  options: Options,
  target: { readonly vmid: number; readonly node: string },
): Promise<Pilot> {
  const { settings, desired, signal } = options;
  const vmid = PILOT_BASE + target.vmid;
  const { node } = target;
  await dismiss(ports, options, target.vmid);
  const address = await candidateAddress({ ports, settings, desired, signal }, vmid);
  if (address.kind === 'live') {
    throw new GitopsError('user', `Unable to replace container ${target.vmid}: candidate_addresses says none`, {
      advice: [
        'set candidate_addresses: the pilot of the control plane needs one too',
        'or deploy by the command line',
      ],
    });
  }
  const template = await newestDebian(ports, options, node);
  const now = ports.inventory.serverTime() ?? ports.clock.now();
  const mark: Mark = {
    site: settings.site,
    owner: desired.owner,
    name: `pilot-${desired.name}`,
    stage: desired.stage,
    vmid,
    role: 'pilot',
    template,
    applied: {},
    hostKeys: [],
    expires: new Date(now.getTime() + EXPIRES_MS).toISOString(),
  };
  const parameters = {
    ...jobParameters(target.vmid, desired, settings, address.kind === 'static' ? address : { kind: 'dhcp' }),
    hostname: `pilot-${desired.name}`.slice(0, 63),
    ostemplate: template,
    description: formatDescription('', mark),
    'ssh-public-keys': authorizedKeys(await ports.keys.authority(), []),
  };
  const own = { vmid, site: settings.site, role: 'pilot' } as const;
  const close = () => destroyThrowAway(ports, { node, ...own }).then(() => undefined);
  try {
    const { log } = await ports.containers.create(node, vmid, parameters, call(DEADLINES.create, signal));
    await ports.containers.start(node, vmid, call(DEADLINES.power, signal));
    const found = address.kind === 'static' ? address.address : await addressOf(ports, node, vmid, signal);
    const keys = hostKeysOf(log);
    const hostKeys = keys.length > 0 ? keys : await pinnedHostKeys({ ports, signal }, node, vmid);
    const where = { vmid, node, address: found, hostKeys };
    return { vmid, shell: await ports.shells.open(where, call(DEADLINES.reachable, signal)), close };
  } catch (error) {
    await close().catch(() => undefined);
    throw error;
  }
}

/** Destroys the pilot of a container, when there is one. true: there was. */
export async function dismiss(ports: Ports, { settings, signal }: Options, target: number): Promise<boolean> {
  const vmid = PILOT_BASE + target;
  const guests = await ports.inventory.guests(call(DEADLINES.read, signal));
  const found = guests.find((guest) => guest.vmid === vmid && guest.type === 'lxc');
  if (found === undefined) return false;
  return destroyThrowAway(ports, { node: found.node, vmid, site: settings.site, role: 'pilot' });
}

async function addressOf(ports: Ports, node: string, vmid: number, signal: AbortSignal): Promise<string> {
  const found = await leasedAddress(ports, { node, vmid }, signal);
  if (found !== undefined) return found;
  throw new GitopsError('remote', `Unable to reach pilot ${vmid}: it got no address from DHCP`, {
    advice: ['set candidate_addresses to addresses that are free'],
  });
}
