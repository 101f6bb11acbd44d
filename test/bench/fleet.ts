import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import { type BenchSite, openBenchSite } from './site.ts';
import { median } from './startup.ts';

export interface FleetRun {
  readonly milliseconds: number;
  readonly apiCalls: number;
  /** What as many bare reads take, on connections that stay open: mostly the node's own time. */
  readonly floor: number;
}

const FIRST = 2001;
/** Creates at once; a node takes them one after the other. */
const AT_ONCE = 8;
/** Connections of the floor, as many as the adapter has. */
const CONNECTIONS = 12;

const nameOf = (vmid: number): string => `fleet${vmid}`;

/** What the plan of all containers of a site costs: `pve-gitops drift` for so many of them, on a simulated node. */
export async function measureFleet(root: string, count: number, runs: number): Promise<FleetRun> {
  const site = await openBenchSite(root, 'simulated');
  try {
    await site.control('PUT', 'capacity', { storage: 'local-lvm', bytes: 2 ** 50 });
    const vmids = Array.from({ length: count }, (_, index) => FIRST + index);
    const directories = vmids.map((vmid) => definition(site, vmid));
    await site.cli(['deploy', directories[0] ?? ''], { PVE_GITOPS_IMAGES: 'off' });
    await multiply(site, vmids.slice(1));
    const found: FleetRun[] = [];
    const paths = ['/cluster/resources?type=vm', ...vmids.map((vmid) => `/nodes/pve/lxc/${vmid}/pending`)];
    for (let run = 0; run < runs; run += 1) {
      const { milliseconds, apiCalls, text } = await site.cli(['drift', ...directories]);
      if (!text.includes(`drift: ${count} containers, ${count} as git says`)) throw new Error(text.slice(-2000));
      found.push({ milliseconds, apiCalls, floor: await readAll(site, paths) });
    }
    return {
      milliseconds: median(found.map((one) => one.milliseconds)),
      apiCalls: median(found.map((one) => one.apiCalls)),
      floor: median(found.map((one) => one.floor)),
    };
  } finally {
    await site.close();
  }
}

/** Milliseconds. */
async function readAll({ node }: BenchSite, paths: readonly string[]): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, ca: readFileSync(node.ca, 'utf8') });
  const headers = { authorization: `PVEAPIToken=${node.token.id}=${node.token.secret}` };
  const read = (path: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const sent = get({ agent, host: '127.0.0.1', port: node.port, path: `/api2/json${path}`, headers }, (answer) => {
        answer.resume();
        answer.on('end', () =>
          answer.statusCode === 200 ? resolve() : reject(new Error(`${path}: ${answer.statusCode}`)),
        );
      });
      sent.on('error', reject);
    });
  const began = performance.now();
  await Promise.all(paths.map(read));
  agent.destroy();
  return performance.now() - began;
}

function definition({ folder }: BenchSite, vmid: number): string {
  const directory = join(folder, nameOf(vmid));
  mkdirSync(directory);
  const lines = ['IP=dhcp', `ID=${vmid}`, `HOSTNAME=${nameOf(vmid)}`, 'CORES=1', 'MEMORY=512', 'DISK=local-lvm:1'];
  writeFileSync(join(directory, 'config.env'), `${lines.join('\n')}\n`);
  return directory;
}

/** More containers like the one that was deployed, each with an owner mark of its own. */
async function multiply(site: BenchSite, vmids: readonly number[]): Promise<void> {
  const config = (await site.call('GET', `/nodes/pve/lxc/${FIRST}/config`)) as Readonly<Record<string, string>>;
  const [template] = (await site.call('GET', '/nodes/pve/storage/local/content?content=vztmpl')) as { volid: string }[];
  const { description = '', net0 = '', rootfs: _, digest: __, arch: ___, ostype: ____, lxc: _____, ...same } = config;
  const rest = [...vmids];
  const work = async (): Promise<void> => {
    for (let vmid = rest.shift(); vmid !== undefined; vmid = rest.shift()) {
      await site.task('POST', '/nodes/pve/lxc', {
        ...same,
        vmid,
        ostemplate: template?.volid ?? '',
        hostname: nameOf(vmid),
        description: description.replaceAll(nameOf(FIRST), nameOf(vmid)).replaceAll(String(FIRST), String(vmid)),
        net0: net0.replace(/,hwaddr=[^,]*/, ''),
        rootfs: 'local-lvm:1',
      });
      await site.task('POST', `/nodes/pve/lxc/${vmid}/status/start`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** In words, with what the design allows. */
export function fleetLine(count: number, { milliseconds, apiCalls, floor }: FleetRun): string {
  const seconds = (time: number): string => `${(time / 1000).toFixed(2)} s`;
  const times = (milliseconds / floor).toFixed(1);
  return `drift of ${count} containers (simulated): ${seconds(milliseconds)}, ${apiCalls} API calls, ${(apiCalls / count).toFixed(2)} each; as many bare reads ${seconds(floor)}, ${times} x`;
}
