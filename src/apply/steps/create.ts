import { GitopsError, isGitopsError } from '../../model/errors.ts';
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
  const cloned = step.image === undefined ? undefined : await clone(input, step, step.image, mark, taken);
  if (cloned?.kind === 'done') return cloned.done;
  const before = cloned === undefined ? [] : [cloned.warning];
  const authority = await ports.keys.authority();
  const parameters: Record<string, string | number> = {
    ...step.parameters,
    ostemplate: step.template,
    description: formatDescription(step.text ?? '', mark),
    'ssh-public-keys': authorizedKeys(authority, input.sshKeys),
  };
  const done = (warnings: readonly string[]): Done => ({
    summary: `container ${step.vmid} created`,
    warnings,
    changes: step.changes,
  });
  const send = (sent: Parameters) =>
    ports.containers.create(step.node, step.vmid, sent, call(DEADLINES.create, signal));
  try {
    const task = await send(parameters);
    return done([...before, ...task.warnings]);
  } catch (error) {
    // Only our own index may be left out. The refusal came before any work.
    if (!isIndexRefused(error) || parameters.tags !== INDEX) throw error;
    taken.add('tags');
    const { tags: _, ...untagged } = parameters;
    const task = await send(untagged);
    return done([...before, ...task.warnings, UNTAGGED]);
  }
}

/**
 * Cut off after the clone call, it differs from its definition, and the next plan brings it there. A clone that was refused
 * before it began is a warning: the template is there.
 */
async function clone(
  input: ConvergeInput,
  step: CreateStep,
  image: CloneSource,
  mark: Mark,
  taken: Set<Taken>,
): Promise<{ readonly kind: 'done'; readonly done: Done } | { readonly kind: 'refused'; readonly warning: string }> {
  const { node, vmid, parameters } = step;
  const description = formatDescription(step.text ?? '', markOfClone(mark, image));
  const wish = { node, vmid, parameters, description, image };
  let cloned: readonly string[];
  try {
    cloned = await cloneImage(input.ports, wish, input.signal);
  } catch (error) {
    if (!isGitopsError(error) || error.remote.uncertain === true || input.signal.aborted) throw error;
    if (!(await input.ports.inventory.vmidFree(vmid, call(DEADLINES.read, input.signal)))) throw error;
    return { kind: 'refused', warning: `${error.message}; the container is made from its template` };
  }
  const shaped = await shapeClone(input.ports, { node, vmid, parameters }, input.signal);
  if (shaped.includes(UNTAGGED)) taken.add('tags');
  const summary = `container ${vmid} cloned from image ${image.name}`;
  return { kind: 'done', done: { summary, warnings: [...cloned, ...shaped], changes: step.changes } };
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
  const reason =
    creates.length === 0
      ? 'no create task of it tells them'
      : 'none were made when it was created: its template has no SSH server';
  throw new GitopsError('remote', `Unable to pin the SSH host keys of container ${vmid}: ${reason}`, {
    advice: [
      ...(creates.length === 0
        ? []
        : ['name a template that has one; Debian’s have, Alpine’s own have not (docs/import-directory.md)']),
      `read them on the node: pct exec ${vmid} -- ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`,
      `and hand them over: pve-gitops adopt DIR --vmid ${vmid} --host-key SHA256:…`,
    ],
  });
}
