import childProcess from 'node:child_process';
import { appendFileSync } from 'node:fs';
import type { ClientRequest } from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';

/**
 * Loaded into a command line with `--import`: notes every write and every command on its way out in FAULTS_LOG, and
 * kills its own process group with SIGKILL before or after the one that FAULTS_DEATH names, `after 7`.
 */

const { FAULTS_LOG: log = '', FAULTS_DEATH: death = '' } = process.env;
const [side = '', number = ''] = death.split(' ');
let next = 0;

const die = (): void => {
  process.kill(-process.pid, 'SIGKILL');
};

/** true: it dies once this one has been answered. */
function note(what: string): boolean {
  const index = next;
  next += 1;
  if (log !== '') appendFileSync(log, `${what}\n`);
  if (index !== Number(number) || death === '') return false;
  if (side === 'before') die();
  return true;
}

const request = https.request as (...given: unknown[]) => ClientRequest;
https.request = ((...given: unknown[]) => {
  const options = given.find((part): part is https.RequestOptions => typeof part === 'object' && part !== null) ?? {};
  const { method = 'GET' } = options;
  const path = options.path ?? '';
  if (method === 'GET' || path.endsWith('/access/ticket')) return request(...given);
  const isLast = note(`${method} ${path.replace('/api2/json', '').replace(/\?.*/, '')}`);
  const sent = request(...given);
  if (isLast) for (const event of ['response', 'close']) sent.once(event, die);
  return sent;
}) as typeof https.request;

const spawn = childProcess.spawn as (...given: unknown[]) => childProcess.ChildProcess;
childProcess.spawn = ((...given: unknown[]) => {
  if (given[0] !== 'ssh') return spawn(...given);
  const isLast = note('command');
  const child = spawn(...given);
  if (isLast) child.once('exit', die);
  return child;
}) as typeof childProcess.spawn;

syncBuiltinESMExports();
