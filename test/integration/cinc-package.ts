import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CINC_SOURCE } from '../../src/configure/cinc-install.ts';

/** Fetches the interpreter at its first run: a package that dpkg installs cannot ask for others. */
const LAUNCHER = `#!/bin/sh
set -e
command -v ruby >/dev/null || { apt-get update -q && apt-get install -q -y --no-install-recommends ruby; } >/dev/null
exec ruby /opt/cinc/stand-in "$@"
`;

const CONTROL = `Package: cinc
Version: ${CINC_SOURCE.version}-1
Architecture: amd64
Maintainer: tests
Description: stands in for the Cinc client
`;

export interface CincMirror {
  /** Settings that make containers take the package from here. */
  readonly environment: Readonly<Record<string, string>>;
  /** Paths that were asked for. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** A mirror as the setting names one, whose package has the stand-in for the client: see the folder cinc. */
export async function openCincMirror(address: string): Promise<CincMirror> {
  const folder = mkdtempSync(join(tmpdir(), 'pve-gitops-cinc-'));
  const file = buildPackage(folder);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const known = request.url?.endsWith(`/cinc_${CINC_SOURCE.version}-1_amd64.deb`) === true;
    response.writeHead(known ? 200 : 404);
    response.end(known ? readFileSync(file) : '');
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(0, address, done);
  });
  const at = server.address();
  const port = typeof at === 'object' && at !== null ? at.port : 0;
  const sum = createHash('sha256').update(readFileSync(file)).digest('hex');
  return {
    environment: {
      PVE_GITOPS_CINC_MIRROR: `http://${address}:${port}/files`,
      PVE_GITOPS_CINC_CHECKSUMS: `debian/13/amd64=${sum}`,
    },
    asked,
    async close() {
      await new Promise((done) => server.close(done));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function buildPackage(folder: string): string {
  const root = join(folder, 'root');
  for (const part of ['DEBIAN', 'usr/bin', 'opt/cinc']) mkdirSync(join(root, part), { recursive: true, mode: 0o755 });
  writeFileSync(join(root, 'DEBIAN/control'), CONTROL);
  writeFileSync(join(root, 'usr/bin/cinc-client'), LAUNCHER, { mode: 0o755 });
  cpSync(join(import.meta.dirname, 'cinc/cinc-client'), join(root, 'opt/cinc/stand-in'));
  const file = join(folder, 'cinc.deb');
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', root, file], { stdio: 'pipe' });
  return file;
}
