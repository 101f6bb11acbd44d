import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { siteFiles } from '../../../src/controlplane/site-config.ts';

const VALUES = new Map([
  ['proxmox.host', '127.0.0.1'],
  ['proxmox.port', '8006'],
  ['proxmox.token_id', 'a@pve!b'],
  ['proxmox.token_secret', 'hidden'],
  ['proxmox.ca_file', '/here/ca.pem'],
  ['stage', 'local'],
  ['login', 'somebody'],
]);

it('carries the settings over to the paths of the control plane', () => {
  const { config } = siteFiles(VALUES, { host: '10.9.0.1', withCa: true });
  expect(JSON.parse(config)).toEqual({
    login: 'somebody',
    proxmox: {
      ca_file: '/srv/control-plane/site/ca.pem',
      host: '10.9.0.1',
      port: '8006',
      token_id: 'a@pve!b',
      token_secret: 'hidden',
    },
    state_directory: '/srv/control-plane/state',
  });
});

it('names no file of this machine where there is no CA', () => {
  expect(siteFiles(VALUES, { withCa: false }).config).not.toContain('ca_file');
});

it('names the organisation’s secrets as the long form of the workflow takes them', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../workflows/container.yml'), 'utf8');
  const all = ['token_id', 'token_secret', 'user', 'password'].map((name) => [`proxmox.${name}`, 'x'] as const);
  const { secrets } = siteFiles(new Map([...all, ['login', 'x'], ['password', 'x']]), { withCa: false });
  expect(Object.keys(secrets)).toHaveLength(6);
  for (const name of Object.keys(secrets)) {
    expect(text).toContain(`\n      ${name}:\n`);
    expect(text).toContain(`: \${{ secrets.${name} }}\n`);
  }
});
