import { ansiblePython, type Play, playApache, removePlayed } from './ansible.ts';
import { cloneByHand, createByHand, type Steps, total } from './by-hand.ts';
import { type BenchSite, openBenchSite, type Timed } from './site.ts';
import { median } from './startup.ts';

/** Medians of all runs. */
export interface Run {
  readonly milliseconds: number;
  readonly apiCalls: number;
  readonly sshRuns: number;
}

export interface Deploys {
  /** The first one of a node, which builds the image; measured once. */
  readonly building: Run;
  /** Without images, from the template. */
  readonly first: Run;
  readonly warm: Run;
  readonly again: Run;
  readonly configure: Run;
  /** By hand, from the template and from the image. */
  readonly created: Steps;
  readonly cloned: Steps;
  /** Each warm deploy over the floor of its own round, so that what else the machine does is in both. */
  readonly warmRatio: number;
  readonly firstRatio: number;
  readonly ansible?: { readonly fresh: Play; readonly again: Play };
  /** What the last warm deploy said of its steps. */
  readonly told: string;
}

const OFF = { PVE_GITOPS_IMAGES: 'off' };

/** All of it in turn, `runs` times, on one local node with a template that is there. */
export async function measureDeploys(root: string, runs: number, tell: (text: string) => void): Promise<Deploys> {
  const site = await openBenchSite(root);
  const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(2)} s`;
  try {
    const lib = site.definition('apache');
    const templates = async () =>
      (await site.call('GET', '/nodes/pve/storage/local/content?content=vztmpl')) as { volid: string }[];
    const destroy = () => site.cli(['destroy', lib, '--yes']);
    if ((await templates()).length === 0) {
      await site.cli(['deploy', lib], OFF);
      await destroy();
    }
    const volid = (await templates())[0]?.volid ?? '';
    const told = async <T>(what: string, work: Promise<T>): Promise<T> => {
      const done = await work;
      const milliseconds = isTimed(done) ? done.milliseconds : total(done as Steps);
      tell(`${what}: ${seconds(milliseconds)}`);
      return done;
    };
    const building = await told('building', site.cli(['deploy', lib]));
    const image = await imageOf(site);
    const rounds: Round[] = [];
    for (let index = 0; index < runs; index += 1) {
      await destroy();
      const cloned = await told('clone by hand', cloneByHand(site, image));
      const warm = await told('warm', site.cli(['deploy', lib]));
      const again = await told('again', site.cli(['deploy', lib]));
      const configure = await told('configure', site.cli(['configure', lib, '--force']));
      await destroy();
      const created = await told('create by hand', createByHand(site, volid));
      const first = await told('first', site.cli(['deploy', lib], OFF));
      rounds.push({ cloned, warm, again, configure, created, first });
    }
    const played = await measureAnsible(root, site, volid, runs).catch((error: unknown) => {
      tell(`LEFT OUT: Ansible: ${String(error).slice(0, 2000)}`);
      return undefined;
    });
    const of = (name: 'warm' | 'again' | 'configure' | 'first'): Run => medianRun(rounds.map((round) => round[name]));
    return {
      building,
      first: of('first'),
      warm: of('warm'),
      again: of('again'),
      configure: of('configure'),
      created: medianSteps(rounds.map(({ created }) => created)),
      cloned: medianSteps(rounds.map(({ cloned }) => cloned)),
      warmRatio: median(rounds.map(({ warm, cloned }) => warm.milliseconds / total(cloned))),
      firstRatio: median(rounds.map(({ first, created }) => first.milliseconds / total(created))),
      ...(played === undefined ? {} : { ansible: played }),
      told: rounds.at(-1)?.warm.text ?? '',
    };
  } finally {
    await site.close();
  }
}

function isTimed(value: unknown): value is Timed {
  return typeof value === 'object' && value !== null && 'apiCalls' in value;
}

interface Round {
  readonly cloned: Steps;
  readonly warm: Timed;
  readonly again: Timed;
  readonly configure: Timed;
  readonly created: Steps;
  readonly first: Timed;
}

function medianRun(all: readonly Run[]): Run {
  const of = (name: keyof Run): number => median(all.map((one) => one[name]));
  return { milliseconds: of('milliseconds'), apiCalls: of('apiCalls'), sshRuns: of('sshRuns') };
}

function medianSteps(all: readonly Steps[]): Steps {
  const names = Object.keys(all[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(all.map((steps) => steps[name] ?? 0))]));
}

async function imageOf(site: BenchSite): Promise<number> {
  const { text } = await site.cli(['image', 'list', '--json']);
  const { images } = JSON.parse(text) as { images: readonly { vmid: number; state: string }[] };
  const current = images.find(({ state }) => state === 'current');
  if (current === undefined) throw new Error(`no image was built: ${text}`);
  return current.vmid;
}

async function measureAnsible(
  root: string,
  site: BenchSite,
  template: string,
  runs: number,
): Promise<Deploys['ansible']> {
  const python = await ansiblePython();
  if (python === undefined) return undefined;
  const fresh: Play[] = [];
  const again: Play[] = [];
  for (let index = 0; index < runs; index += 1) {
    try {
      fresh.push(await playApache(root, site, python, template));
      again.push(await playApache(root, site, python, template));
    } finally {
      await removePlayed(site);
    }
  }
  return { fresh: medianPlay(fresh), again: medianPlay(again) };
}

function medianPlay(all: readonly Play[]): Play {
  const of = (name: keyof Play): number => median(all.map((one) => one[name]));
  return { milliseconds: of('milliseconds'), apiCalls: of('apiCalls'), changed: of('changed') };
}
