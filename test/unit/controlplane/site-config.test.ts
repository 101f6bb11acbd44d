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
