import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  /** SHA-256, as Proxmox VE shows it. */
  readonly fingerprint: string;
}

/** A certificate authority of the test's own, made with openssl. */
export class Authority {
  readonly #directory = mkdtempSync(join(tmpdir(), 'pve-gitops-ca-'));
  #count = 0;

  constructor() {
    this.#openssl('req', '-x509', ...KEY, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=test CA');
  }

  get pem(): string {
    return this.#read('ca.pem');
  }

  /** `names` as openssl writes them: `IP:127.0.0.1,DNS:localhost`. A negative number of days makes an expired one. */
  issue(names: string, days = 2): Certificate {
    this.#count += 1;
    const name = `leaf${this.#count}`;
    writeFileSync(join(this.#directory, `${name}.ext`), `subjectAltName=${names}\n`);
    this.#openssl('req', '-new', ...KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', '/CN=node');
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
    this.#openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-days', String(days), '-out', `${name}.pem`);
    const certificate = this.#read(`${name}.pem`);
    const fingerprint = new X509Certificate(certificate).fingerprint256;
    return { certificate, key: this.#read(`${name}.key`), fingerprint };
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #read(file: string): string {
    return readFileSync(join(this.#directory, file), 'utf8');
  }

  #openssl(...given: string[]): void {
    execFileSync('openssl', given, { cwd: this.#directory, stdio: 'pipe' });
  }
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
