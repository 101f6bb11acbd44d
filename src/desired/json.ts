import * as z from 'zod';
import type { Desired } from '../model/desired.ts';
import { GitopsError } from '../model/errors.ts';
import { desiredSchema } from './schema.ts';

/** Bytes; what a forge passes between steps without trouble. */
export const DESIRED_LIMIT = 64 * 1024;

/** One line of JSON. Throws kind user when it is longer than what may travel between actions. */
export function encodeDesired(value: Desired): string {
  const json = JSON.stringify(value);
  const bytes = Buffer.byteLength(json);
  if (bytes <= DESIRED_LIMIT) return json;
  throw new GitopsError(
    'user',
    `Unable to hand over the definition of ${value.owner}: ${bytes} bytes, at most ${DESIRED_LIMIT}`,
    { advice: ['shorten the description and the health checks of the definition, or the ssh_keys of the settings'] },
  );
}

const OUTPUT = 'hand over the output desired of container-init, unchanged; that step needs the id you name';
const SAME_VERSION = 'use the three actions from the same version of pve-gitops';

/** What encodeDesired wrote. Throws kind user when it is missing, damaged or of another version. */
export function decodeDesired(json: string): Desired {
  if (json.trim() === '') throw unreadable('it is empty', OUTPUT);
  const bytes = Buffer.byteLength(json);
  if (bytes > DESIRED_LIMIT) throw unreadable(`it has ${bytes} bytes, at most ${DESIRED_LIMIT}`, OUTPUT);
  const value = parse(json);
  const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : undefined;
  if (version === undefined) throw unreadable('its version is missing', OUTPUT);
  if (version !== 1) throw unreadable(`its version is ${JSON.stringify(version)}, expected 1`, SAME_VERSION);
  const result = desiredSchema.safeParse(value);
  if (result.success) return result.data;
  throw unreadable(z.prettifyError(result.error), SAME_VERSION);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw unreadable('it is not JSON', OUTPUT);
  }
}

function unreadable(reason: string, advice: string): GitopsError {
  return new GitopsError('user', `Unable to read the input desired: ${reason}`, { advice: [advice] });
}
