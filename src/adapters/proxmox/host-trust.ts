import type { Connection, Trust } from '../../model/settings.ts';
import { type Endpoint, parseEndpoint } from './endpoint.ts';
import { parseFingerprints } from './fingerprint.ts';

/** How one host's certificate is trusted. */
export type HostTrust = Exclude<Trust, { readonly kind: 'fingerprints' }>;

export interface TrustedHost {
  readonly endpoint: Endpoint;
  readonly trust: HostTrust;
}

/** The hosts of a connection, each with its own trust. Throws kind user for a host or a fingerprint that is none. */
export function trustedHosts({
  hosts,
  port,
  trust,
}: Pick<Connection, 'hosts' | 'port' | 'trust'>): readonly TrustedHost[] {
  return hosts.map((host) => {
    const own = trustOf(trust, host);
    if (own.kind === 'fingerprint') parseFingerprints(own.sha256);
    return { endpoint: parseEndpoint(host, port), trust: own };
  });
}

function trustOf(trust: Trust, host: string): HostTrust {
  if (trust.kind !== 'fingerprints') return trust;
  const sha256 = trust.byHost[host];
  return sha256 === undefined ? { kind: 'system' } : { kind: 'fingerprint', sha256 };
}
