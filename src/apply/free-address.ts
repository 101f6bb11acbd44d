import type { Desired } from '../model/desired.ts';
import { GitopsError } from '../model/errors.ts';
import type { Shells } from '../model/ports.ts';
import { call, DEADLINES } from './deadlines.ts';

export interface AddressSearch {
  readonly shells: Pick<Shells, 'answers'>;
  readonly desired: Desired;
  /** Whether what answers is an image in the making, which has the container's address for that time. */
  isImage(): Promise<boolean>;
  readonly signal: AbortSignal;
}

/**
 * Throws kind user when somebody answers at an address that a new container is to have. That nobody does takes longest of all that
 * is looked at before a plan.
 */
export async function refuseTakenAddress({ shells, desired, signal, isImage }: AddressSearch): Promise<void> {
  const written = desired.interfaces.flatMap(({ ipv4, index }) =>
    ipv4.kind === 'static' ? [{ address: ipv4.address, index }] : [],
  );
  const answers = await Promise.all(
    written.map(({ address }) => shells.answers(address, call(DEADLINES.answers, signal))),
  );
  for (const { address, index } of written.filter((_, at) => answers[at] === true)) {
    if (await isImage()) continue;
    throw new GitopsError(
      'user',
      `Unable to create container ${desired.name}: its address ${address} (net${index}) answers already`,
      { advice: ['another machine has it; choose another IP in the definition'] },
    );
  }
}
