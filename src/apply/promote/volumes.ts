import { GitopsError } from '../../model/errors.ts';
import type { ReplacementAction, ReplacementFacts, Seen } from '../../model/replacement.ts';
import { call, DEADLINES } from '../deadlines.ts';
import type { PromoteInput } from './context.ts';
import { note } from './notes.ts';

type Action<Kind extends ReplacementAction['kind']> = Extract<ReplacementAction, { kind: Kind }>;

function of({ live, candidate }: ReplacementFacts, vmid: number): Seen {
  const seen = [live, candidate].find((entry) => entry?.state.vmid === vmid);
  if (seen === undefined) throw new GitopsError('bug', `container ${vmid} is no part of this replace`);
  return seen;
}

/** Under the digests of both configs; the adapter reads both afterwards. */
export async function give(
  input: PromoteInput,
  { from, to, key }: Action<'give'>,
  facts: ReplacementFacts,
): Promise<void> {
  const slot = (vmid: number) => ({ vmid, key, digest: of(facts, vmid).state.digest });
  await input.ports.volumes.reassign(input.node, slot(from), slot(to), call(DEADLINES.create, input.signal));
}

export async function attach(input: PromoteInput, step: Action<'attach'>, facts: ReplacementFacts): Promise<void> {
  const { vmid, key, value } = step;
  await set(input, of(facts, vmid), { [key]: value });
}

/** Directories and devices of the node need root@pam's login, as they did when they were made. */
export async function mount(input: PromoteInput, step: Action<'mount'>, facts: ReplacementFacts): Promise<void> {
  await set(input, of(facts, input.vmids.live), step.set);
}

export async function protect(input: PromoteInput, { on }: Action<'protect'>, facts: ReplacementFacts): Promise<void> {
  const live = of(facts, input.vmids.live);
  if (on) await set(input, live, { protection: 1 });
  else await set(input, live, {}, ['protection']);
}

/** The names of volumes follow them; one that is in no config, and that another name has now, is forgotten. */
export function nameVolumes(input: PromoteInput, { volumes }: Action<'name-volumes'>): Promise<void> {
  const taken = new Set(Object.values(volumes));
  return note(input, input.vmids.live, (mark) => {
    const others = Object.entries(mark.volumes ?? {}).filter(([, volid]) => !taken.has(volid));
    return { ...mark, volumes: { ...Object.fromEntries(others), ...volumes } };
  });
}

/** The candidate takes the interfaces of the live one, which is not there any more, and starts. */
export async function serve(input: PromoteInput, facts: ReplacementFacts): Promise<void> {
  const candidate = of(facts, input.vmids.candidate);
  const nets = candidate.mark.promotion?.record?.nets ?? {};
  const own = Object.keys(candidate.state.config).filter((key) => /^net\d+$/.test(key) && nets[key] === undefined);
  const { vmid } = candidate.state;
  await set(input, candidate, { ...nets, onboot: 1 }, own);
  await input.ports.containers.start(input.node, vmid, call(DEADLINES.power, input.signal));
  await note(input, vmid, (mark) => {
    const { back: _, ...promotion } = mark.promotion ?? { id: '', other: input.vmids.live, goal: '' };
    return { ...mark, promotion };
  });
}

async function set(
  { ports, node, signal }: PromoteInput,
  { state }: Seen,
  values: Readonly<Record<string, string | number>>,
  remove: readonly string[] = [],
): Promise<void> {
  const change = { set: values, remove };
  await ports.containers.update(node, state.vmid, change, state.digest, call(DEADLINES.write, signal));
}
