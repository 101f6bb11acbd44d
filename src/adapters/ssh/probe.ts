import { connect } from 'node:net';
import { codeOf } from '../process/program-errors.ts';

/** What one attempt to connect to a TCP port showed. */
export type Probe = 'banner' | 'open' | 'silent' | 'refused' | 'no-route' | 'timeout' | 'closed';

/** How a probe reads in a message. */
export const PROBE_TEXT: Readonly<Record<Probe, string>> = {
  banner: 'SSH answers',
  open: 'the port is open',
  silent: 'the port is open, but no SSH banner comes',
  refused: 'connection refused',
  'no-route': 'no route to this address',
  timeout: 'no answer',
  closed: 'the connection is closed at once',
};

export interface ProbeOptions {
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
  /** Also wait for `SSH-`. */
  readonly banner: boolean;
  readonly signal: AbortSignal;
}

/** One TCP connection, closed again at once. Never throws; an aborted one counts as timeout. */
export function probe(options: ProbeOptions): Promise<Probe> {
  const { address, port, timeoutMs, banner, signal } = options;
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    let connected = false;
    let read = '';
    const finish = (result: Probe) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      resolve(result);
    };
    const onAbort = () => finish('timeout');
    const timer = setTimeout(() => finish(connected ? 'silent' : 'timeout'), timeoutMs);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    socket.on('error', (error) => finish(probeOf(codeOf(error))));
    socket.on('close', () => finish('closed'));
    socket.on('connect', () => {
      connected = true;
      if (!banner) finish('open');
    });
    socket.on('data', (chunk: Buffer) => {
      // Lines before the banner are allowed (RFC 4253, 4.2).
      read = (read + chunk.toString('latin1')).slice(-4096);
      if (/(^|\n)SSH-/.test(read)) finish('banner');
    });
  });
}

function probeOf(code: string | undefined): Probe {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EHOSTDOWN':
    case 'EADDRNOTAVAIL':
      return 'no-route';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'closed';
    default:
      return 'timeout';
  }
}
