import { describe, expect, it } from 'vitest';
import { goesElsewhere, siteOfHere } from '../../../src/controlplane/elsewhere.ts';
import { siteFiles } from '../../../src/controlplane/site-config.ts';
import type { Source } from '../../../src/model/ports.ts';

describe('goesElsewhere', () => {
  const here = ['127.0.0.1', '10.9.178.41'];
  it.each([
    ['another address', ['192.168.178.41'], true],
    ['this machine', ['10.9.178.41'], false],
    ['one of two is this machine’s', ['192.168.178.41', '10.9.178.41'], false],
    ['none: nobody knows', [], false],
  ])('%s', (_, addresses, wanted) => {
    expect(goesElsewhere(addresses, here)).toBe(wanted);
  });

  it('a pilot is beside the forge that it works for', () => {
    expect(goesElsewhere(['10.9.178.41'], ['10.9.200.1', '10.9.178.41'])).toBe(false);
  });
});

describe('siteOfHere', () => {
  const values = new Map([
    ['proxmox.host', 'pve.example.org'],
    ['proxmox.token_id', 'a@pve!b'],
    ['proxmox.token_secret', 'hidden'],
    ['login', 'somebody'],
  ]);
  const written = siteFiles(values, { withCa: true });
  const machine: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    '/definition': { 'control-plane.yml': '', 'versions.env': 'GITEA_VERSION=1.26.4\nRUNNER_VERSION=1.0.8\n' },
    '/srv/control-plane/site': { 'config.json': written.config, 'ca.pem': 'PEM' },
    '/srv/control-plane/programs/gitea-1.26.4': { gitea: '' },
  };
  const sourceOf = (files: typeof machine): Source =>
    ({
      list: async (directory: string) => Object.keys(files[directory] ?? {}).toSorted(),
      read: async (directory: string, names: readonly string[]) =>
        new Map(
          names.flatMap((name) => {
            const text = files[directory]?.[name];
            return text === undefined ? [] : [[name, new TextEncoder().encode(text)] as const];
          }),
        ),
    }) as unknown as Source;
  const has = (files: typeof machine): Source => {
    const source = sourceOf(files);
    return { ...source, list: async (directory) => (directory in files ? source.list(directory) : undefined) };
  };

  it('hands over settings, CA, keys, secrets and the programs of the pinned versions', async () => {
    expect(await siteOfHere(has(machine), '/definition')).toEqual({
      ...written,
      ca: 'PEM',
      keys: '/srv/control-plane/state/ca',
      programs: { gitea: '/srv/control-plane/programs/gitea-1.26.4' },
      autoDeploy: false,
    });
  });

  it('knows that whoever made it has said AUTO_DEPLOY', async () => {
    const place = '/srv/control-plane/site';
    const said = { ...machine, [place]: { ...machine[place], 'auto-deploy': 'yes\n' } };
    expect(await siteOfHere(has(said), '/definition')).toMatchObject({ autoDeploy: true });
  });

  it('is nothing for another container, or on another machine', async () => {
    expect(await siteOfHere(has({ ...machine, '/definition': { 'config.env': '' } }), '/definition')).toBeUndefined();
    const { '/srv/control-plane/site': _, ...other } = machine;
    expect(await siteOfHere(has(other), '/definition')).toBeUndefined();
  });
});
