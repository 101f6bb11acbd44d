import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { type Endpoint, showEndpoint } from './endpoint.ts';
import { Failure } from './failure.ts';
import { parseFingerprints } from './fingerprint.ts';
import type { HostTrust } from './host-trust.ts';

/** One host and how it proves itself. */
export interface SecurePlace {
  readonly endpoint: Endpoint;
  readonly trust: HostTrust;
  /** For name, connection and handshake together. */
  readonly connectMs: number;
}

/** Codes of OpenSSL's certificate verification and of Node's comparison of names. */
const CERTIFICATE_CODE =
  /^(CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_|PATH_LENGTH_|HOSTNAME_MISMATCH|ERROR_IN_CERT|ERR_TLS_CERT_ALTNAME)/;

/**
 * Opens a TLS connection and hands it out only when the server has proved who it is, so that no byte of a request or of
 * a credential goes anywhere else. Under `system` and `ca` the chain and the name are verified; under `fingerprint` the
 * certificate's SHA-256 alone decides, as neither its issuer nor its names mean anything then.
 *
 * Throws Failure: unreachable (also after `connectMs` without a handshake) or untrusted, in both nothing was sent; or
 * the signal's reason.
 */
export async function openSecureSocket(place: SecurePlace, signal: AbortSignal): Promise<TLSSocket> {
  const { trust } = place;
  const accepted = trust.kind === 'fingerprint' ? parseFingerprints(trust.sha256) : undefined;
  try {
    return await handshake(place, accepted, signal);
  } catch (error) {
    const untrusted = error instanceof Failure && error.detail.kind === 'untrusted' ? error.detail : undefined;
    if (untrusted === undefined || untrusted.seen !== undefined) throw error;
    const seen = await shownFingerprint(place, signal);
    if (seen === undefined) throw error;
    throw new Failure({ ...untrusted, seen }, { cause: error });
  }
}

/** For messages only: a connection that accepts no certificate at all, and ends with the one it saw. */
async function shownFingerprint(place: SecurePlace, signal: AbortSignal): Promise<string | undefined> {
  try {
    const socket = await handshake({ ...place, trust: { kind: 'system' } }, [], signal);
    socket.destroy();
    return undefined;
  } catch (error) {
    return error instanceof Failure && error.detail.kind === 'untrusted' ? error.detail.seen : undefined;
  }
}

function handshake(
  { endpoint, trust, connectMs }: SecurePlace,
  accepted: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const place = showEndpoint(endpoint);
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const socket = connect({
      host: endpoint.host,
      port: endpoint.port,
      ...(isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}),
      ...(trust.kind === 'ca' ? { ca: trust.pem } : {}),
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      // With fingerprints the check below takes the place of OpenSSL's, before the socket leaves this function.
      rejectUnauthorized: accepted === undefined,
    });
    const settle = (failure?: unknown): void => {
      signal.removeEventListener('abort', abort);
      clearTimeout(limit);
      if (failure === undefined) {
        socket.removeListener('error', fail);
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(failure);
    };
    const abort = (): void => settle(signal.reason);
    const fail = (error: NodeJS.ErrnoException): void => settle(connectFailure(place, error));
    signal.addEventListener('abort', abort, { once: true });
    socket.on('error', fail);
    const limit = setTimeout(() => fail(new Error(`no answer within ${connectMs / 1000} s`)), connectMs);
    socket.once('secureConnect', () => {
      if (accepted === undefined) {
        settle(socket.authorized ? undefined : connectFailure(place, socket.authorizationError));
        return;
      }
      const seen = socket.getPeerCertificate().fingerprint256;
      if (accepted.includes(seen)) return settle();
      const reason = 'the certificate is not the expected one';
      settle(new Failure({ kind: 'untrusted', endpoint: place, reason, seen, expected: accepted }));
    });
  });
}

function connectFailure(endpoint: string, error: NodeJS.ErrnoException): Failure {
  // Several addresses of one name fail together as an AggregateError whose own message is empty.
  const first = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;
  const reason = first.message || (first.code ?? 'no connection');
  const kind = CERTIFICATE_CODE.test(first.code ?? '') ? 'untrusted' : 'unreachable';
  return new Failure({ kind, endpoint, reason }, { cause: error });
}
