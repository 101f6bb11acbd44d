import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Days; Proxmox VE's own CA lives ten years and its certificates two. */
const CA_DAYS = '3650';
const SERVER_DAYS = '730';

export interface ServerCertificate {
  readonly key: string;
  /** The server's certificate and the CA's, PEM. */
  readonly chain: string;
  readonly caFile: string;
  /** SHA-256, colon-separated upper-case hex */
  readonly fingerprint: string;
}

async function openssl(...args: readonly string[]): Promise<void> {
  await run('openssl', args, { timeout: 60_000 });
}

/** ECDSA P-256: made in milliseconds, where RSA keys take a second. */
const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

async function makeAuthority(directory: string): Promise<void> {
  await openssl(
    ...['req', '-x509', ...KEY, '-keyout', join(directory, 'ca.key'), '-out', join(directory, 'ca.pem')],
    ...['-days', CA_DAYS, '-subj', '/CN=pve-gitops local node CA', '-sha256'],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
  );
}

async function makeServer(directory: string, names: readonly string[]): Promise<void> {
  const [request, extensions] = [join(directory, 'server.csr'), join(directory, 'server.ext')];
  const alternatives = names.map((name) => `${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}`).join(',');
  writeFileSync(
    extensions,
    `basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=${alternatives}\n`,
  );
  await openssl(
    ...['req', '-new', ...KEY, '-keyout', join(directory, 'server.key'), '-out', request],
    ...['-subj', `/CN=${names.at(-1) ?? 'pve'}`, '-sha256'],
  );
  await openssl(
    ...['x509', '-req', '-in', request, '-CA', join(directory, 'ca.pem'), '-CAkey', join(directory, 'ca.key')],
    ...[
      '-CAcreateserial',
      '-days',
      SERVER_DAYS,
      '-sha256',
      '-extfile',
      extensions,
      '-out',
      join(directory, 'server.pem'),
    ],
  );
  rmSync(request);
  rmSync(extensions);
}

/** Whether the certificate is still good for a month and has all these names. */
function isUsable(file: string, names: readonly string[]): boolean {
  if (!existsSync(file)) return false;
  const certificate = new X509Certificate(readFileSync(file));
  const month = 30 * 24 * 3600 * 1000;
  const present = (certificate.subjectAltName ?? '')
    .split(', ')
    .map((entry) => entry.replace(/^(?:IP Address|DNS):/, ''));
  return Date.parse(certificate.validTo) > Date.now() + month && names.every((name) => present.includes(name));
}

/** The node's CA and server certificate; made at first start, the server's again when a name is new or it nears its end. */
export async function serverCertificate(state: string, names: readonly string[]): Promise<ServerCertificate> {
  const directory = join(state, 'tls');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const caFile = join(directory, 'ca.pem');
  const file = join(directory, 'server.pem');
  if (!existsSync(caFile)) await makeAuthority(directory);
  if (!isUsable(file, names)) await makeServer(directory, names);
  const certificate = readFileSync(file, 'utf8');
  return {
    key: readFileSync(join(directory, 'server.key'), 'utf8'),
    chain: `${certificate}${readFileSync(caFile, 'utf8')}`,
    caFile,
    fingerprint: new X509Certificate(certificate).fingerprint256,
  };
}
