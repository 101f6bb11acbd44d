import { createWriteStream } from 'node:fs';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getSecure } from 'node:https';
import { pipeline } from 'node:stream/promises';
import type { TaskContext } from '../tasks/tasks.ts';

export interface Download {
  readonly url: string;
  readonly path: string;
  /** The path that the log names. */
  readonly shown: string;
  readonly checkCertificate: boolean;
  /** The storage takes nothing more (a fault). */
  readonly isFull: boolean;
}

const REDIRECTS = 20;
/** Seconds without a byte, as wget waits. */
const PATIENCE = 900;

/** wget's exit codes. */
const EXIT = { parse: 1, file: 3, network: 4, certificate: 5, refused: 8 } as const;
type Failure = keyof typeof EXIT;

/** An end of wget's: its log line and its exit code. */
class WgetError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, line: string) {
    super(line);
    this.failure = failure;
  }
}

function request(url: URL, checkCertificate: boolean, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { signal, timeout: PATIENCE * 1000, headers: { 'user-agent': 'Wget/1.21.3' } };
    const sent =
      url.protocol === 'https:'
        ? getSecure(url, { ...options, rejectUnauthorized: checkCertificate }, resolve)
        : getPlain(url, options, resolve);
    sent.on('timeout', () => sent.destroy(new Error('Connection timed out')));
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const isCertificate = /CERT|SIGNATURE|ALTNAME/.test(error.code ?? '');
      const why = error.code === 'ECONNREFUSED' ? 'Connection refused' : error.message;
      reject(
        isCertificate
          ? new WgetError('certificate', `ERROR: cannot verify ${url.hostname}'s certificate: ${why}`)
          : new WgetError('network', `Connecting to ${url.host}... failed: ${why}.`),
      );
    });
  });
}

async function follow(
  first: string,
  checkCertificate: boolean,
  { log, signal }: TaskContext,
): Promise<IncomingMessage> {
  if (!URL.canParse(first)) throw new WgetError('parse', `${first}: Invalid host name.`);
  let url = new URL(first);
  for (let left = REDIRECTS; left >= 0; left -= 1) {
    log(`--${new Date().toISOString().slice(0, 19).replace('T', ' ')}--  ${url.href}`);
    const answer = await request(url, checkCertificate, signal);
    log(`HTTP request sent, awaiting response... ${answer.statusCode ?? 0} ${answer.statusMessage ?? ''}`);
    const { statusCode = 0, headers } = answer;
    if (statusCode === 200) return answer;
    answer.destroy();
    if (statusCode < 300 || statusCode > 399 || headers.location === undefined) {
      throw new WgetError('refused', `ERROR ${statusCode}: ${answer.statusMessage ?? ''}.`);
    }
    url = new URL(headers.location, url);
    if (!/^https?:$/.test(url.protocol)) throw new WgetError('network', `${url.href}: Unsupported scheme.`);
  }
  throw new WgetError('refused', `${REDIRECTS} redirections exceeded.`);
}

async function fetchTo({ url, path, shown, checkCertificate, isFull }: Download, task: TaskContext): Promise<void> {
  const answer = await follow(url, checkCertificate, task);
  if (isFull) {
    answer.destroy();
    throw new WgetError('file', `${shown}: No space left on device`);
  }
  task.log(`Saving to: '${shown}'`);
  try {
    await pipeline(answer, createWriteStream(path), { signal: task.signal });
  } catch (error) {
    throw new WgetError('network', `Read error (${error instanceof Error ? error.message : String(error)}).`);
  }
}

/** Fetches a file as Proxmox VE does with wget; fails as it does. */
export async function download(what: Download, task: TaskContext): Promise<void> {
  try {
    await fetchTo(what, task);
  } catch (error) {
    if (task.signal.aborted || !(error instanceof WgetError)) throw error;
    task.log(error.message);
    const options = what.checkCertificate ? '' : ' --no-check-certificate';
    const command = `wget --progress=dot:giga -O ${what.shown} ${what.url}${options}`;
    throw new Error(`download failed: command '${command}' failed: exit code ${EXIT[error.failure]}`);
  }
}
