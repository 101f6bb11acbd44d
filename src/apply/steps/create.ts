import { GitopsError } from '../../model/errors.ts';
import type { CloneSource } from '../../model/image.ts';
import { formatDescription, type Mark } from '../../model/mark.ts';
import type { CreateStep, Parameters } from '../../model/plan.ts';
import type { ConvergeInput, Done, Taken } from '../context.ts';
import { call, DEADLINES } from '../deadlines.ts';
import { cloneImage, markOfClone, shapeClone } from '../image/clone.ts';
import { newLease } from '../lease.ts';
import { INDEX, isIndexRefused, UNTAGGED } from './change.ts';

/** Principal that certificates for root carry. */
export const PRINCIPAL = 'root';

/** root's authorized_keys of a new container: the site's CA, then the operators' keys. */
export function authorizedKeys(authority: string, sshKeys: readonly string[]): string {
  return [`cert-authority,principals="${PRINCIPAL}" ${authority}`, ...sshKeys].join('\n');
}

/** The mark travels in the create call itself: there is no moment at which the container is nobody's. */
export async function create(input: ConvergeInput, step: CreateStep, taken: Set<Taken>): Promise<Done> {
  const { ports, signal } = input;
  const guarded = step.guarded === undefined ? {} : { guarded: step.guarded };
  const mark = { ...input.newMark(step.vmid, step.template), ...guarded, lease: newLease(ports) };
  if (step.image !== undefined) return clone(input, step, step.image, mark, taken);
  const authority = await ports.keys.authority();
  const parameters: Record<string, string | number> = {
    ...step.parameters,
    ostemplate: step.template,
    description: formatDescription(step.text ?? '', mark),
    'ssh-public-keys': authorizedKeys(authority, input.sshKeys),
  };
  const send = (sent: Parameters) =>
    ports.containers.create(step.node, step.vmid, sent, call(DEADLINES.create, signal));
  try {
    const task = await send(parameters);
    return { summary: `container ${step.vmid} created`, warnings: task.warnings, changes: step.changes };
  } catch (error) {
    // Only our own index may be left out. The refusal came before any work.
    if (!isIndexRefused(error) || parameters.tags !== INDEX) throw error;
    taken.add('tags');
    const { tags: _, ...untagged } = parameters;
    const task = await send(untagged);
    return { summary: `container ${step.vmid} created`, warnings: [...task.warnings, UNTAGGED], changes: step.changes };
  }
}

/** Cut off after the clone call, it differs from its definition, and the next plan brings it there. */
async function clone(
  input: ConvergeInput,
  step: CreateStep,
  image: CloneSource,
  mark: Mark,
  taken: Set<Taken>,
): Promise<Done> {
  const { node, vmid, parameters } = step;
  const description = formatDescription(step.text ?? '', markOfClone(mark, image));
  const wish = { node, vmid, parameters, description, image };
  const cloned = await cloneImage(input.ports, wish, input.signal);
  const shaped = await shapeClone(input.ports, { node, vmid, parameters }, input.signal);
  if (shaped.includes(UNTAGGED)) taken.add('tags');
  const summary = `container ${vmid} cloned from image ${image.name}`;
  return { summary, warnings: [...cloned, ...shaped], changes: step.changes };
}

const HOST_KEY = /^done: (SHA256:[A-Za-z0-9+/]+)/;

/** Fingerprints of the SSH host keys that a create made, from its task log. */
export function hostKeysOf(log: readonly string[]): string[] {
  return log.flatMap((line) => HOST_KEY.exec(line.trim())?.[1] ?? []);
}

/**
 * The pinned host keys of a container of ours: from the mark, else from the log of the create task, which is read
 * before the first connection.
 */
export async function pinnedHostKeys(
  input: Pick<ConvergeInput, 'signal'> & { readonly ports: Pick<ConvergeInput['ports'], 'inventory'> },
  node: string,
  vmid: number,
): Promise<string[]> {
  const { inventory } = input.ports;
  const read = call(DEADLINES.read, input.signal);
  const creates = (await inventory.tasks(node, vmid, read)).filter((task) => task.type === 'vzcreate');
  for (const task of creates) {
    const keys = hostKeysOf(await inventory.taskLog(node, task.upid, read));
    if (keys.length > 0) return keys;
  }
  throw new GitopsError(
    'remote',
    `Unable to pin the SSH host keys of container ${vmid}: no create task of it tells them`,
    {
      advice: [
        `read them on the node: pct exec ${vmid} -- ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`,
        `and hand them over: pve-gitops adopt DIR --vmid ${vmid} --host-key SHA256:…`,
      ],
    },
  );
}
