import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { GitopsError } from '../../src/model/errors.ts';
import type { NodeFile } from '../node/node-file.ts';

const TIMEOUT_MS = 10_000;

/** A port of this machine leads to a container of the local node, for as long as the node serves. */
export function forwardPort(
  file: NodeFile,
  forward: { readonly port: number; readonly address: string; readonly to: number },
): Promise<void> {
  const fail = (reason: string) =>
    new GitopsError('host', `Unable to forward port ${forward.port} to ${forward.address}: ${reason}`, {
      advice: ['choose another one: controlplane up --port NUMBER'],
    });
  return new Promise((resolve, reject) => {
    const sent = request(
      `${file.control.url}/forwards`,
      {
        method: 'PUT',
        ca: readFileSync(file.ca, 'utf8'),
        timeout: TIMEOUT_MS,
        headers: { 'content-type': 'application/json', 'x-control-secret': file.control.secret },
      },
      (answer) => {
        answer.resume();
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve();
          else reject(fail(answer.statusMessage ?? String(answer.statusCode)));
        });
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('the node did not answer')));
    sent.on('error', (error) => reject(fail(error.message)));
    sent.end(JSON.stringify(forward));
  });
}
