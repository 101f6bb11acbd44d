import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeLocalNode } from '../../local/cli/local-node.ts';
import { type ConnectedPorts, connect, connectMask } from '../../src/connect.ts';
import { configure, define, deploy, provision } from '../../src/deploy.ts';
import { parseDescription } from '../../src/model/mark.ts';
import type { Outcome } from '../../src/model/outcome.ts';
import type { Event, Ports, Shell } from '../../src/model/ports.ts';
import type { Settings } from '../../src/model/settings.ts';
import { resolveSettings } from '../../src/settings/resolve.ts';
import { CliSite } from './support/cli.ts';
import { dataOf } from './support/node-client.ts';

/** A service that is configured well and does not come up is a failed deploy as well. Its minute passes at once here. */

let site: CliSite;
let ports: ConnectedPorts;
let settings: Settings;
const told: Event[] = [];

beforeAll(async () => {
  site = await CliSite.open();
  const local = describeLocalNode(site.state);
  if (local === undefined) throw new Error('the node is not there');
  ({ settings } = resolveSettings(
    { flags: { images: 'off' }, environment: {}, files: [], local: { origin: 'local node', values: local.settings } },
    { stateDirectory: site.state, read: (path) => readFileSync(path, 'utf8') },
  ));
  ports = await connect(settings, {
    reporter: { tell: (event) => void told.push(event) },
    mask: connectMask(),
    ...(local.control === undefined ? {} : { simulated: local.control }),
  });
});
afterAll(async () => {
  await ports?.close();
  await site?.close();
});

/** Nobody waits: what is slept has passed. `closed`: the port of the service answers nobody. */
function portsWith(closed: boolean): Ports {
  let passed = 0;
  const clock = {
    now: () => new Date(Date.now() + passed),
    sleep: async (milliseconds: number) => {
      passed += milliseconds;
    },
  };
  const broken = (shell: Shell): Shell => ({
    run: (command, call) =>
      command.name === 'checks' && command.argv.includes('tcp')
        ? Promise.resolve({ exitCode: 0, stdout: '0 bad nobody listens\n', stderr: '' })
        : shell.run(command, call),
    close: () => shell.close(),
  });
  const shells: Ports['shells'] = {
    ...ports.shells,
    open: async (target, call) => {
      const shell = await ports.shells.open(target, call);
      return closed ? broken(shell) : shell;
    },
  };
  return { ...ports, clock, shells };
}

/** `apart`: resources and configuration in a step each, as the actions of a forge do it. */
async function run(text: string, closed: boolean, more = '', apart = false): Promise<Outcome> {
  const directory = site.definition('apache', {
    'config.env': `ID=42\nIP=192.168.178.42\nENGINE=shell\nHEALTH=tcp:80\n${more}`,
  });
  writeFileSync(join(directory, 'configure.sh'), text);
  const desired = await define(ports, settings, directory, { name: 'apache', owner: 'srv/apache', stage: 'main' });
  const signal = new AbortController().signal;
  const options = { settings, desired, directory, signal };
  if (!apart) return deploy(portsWith(closed), options);
  const made = await provision(portsWith(closed), options);
  return made.kind === 'done' ? configure(portsWith(closed), options) : made;
}

const mark = async () => parseDescription(String((await site.config(1042))?.description)).mark;
const snapshots = async () =>
  dataOf<readonly { readonly name: string }[]>(await site.client.call('GET', '/nodes/pve/lxc/1042/snapshot')).map(
    ({ name }) => name,
  );

describe('a check that fails after a change', () => {
  it('of a container that was never good: no way back, exit code 8', async () => {
    expect(await run('#!/bin/sh\n', true)).toMatchObject({ kind: 'failed', exitCode: 8 });
  });

  it('takes the container back to what was good, exit code 7', async () => {
    expect(await run('#!/bin/sh\n', false)).toMatchObject({ kind: 'done' });
    const before = await mark();
    told.splice(0);
    const end = await run('#!/bin/sh\n# two\n', true);
    expect(end).toMatchObject({
      kind: 'failed',
      exitCode: 7,
      message: expect.stringContaining('Unable to verify container 1042: tcp 80: nobody listens') as string,
      serving: expect.stringMatching(/^container 1042 serves its state of .* again$/) as string,
    });
    expect(told).toContainEqual({ kind: 'stage', title: 'way back' });
    expect(await mark()).toEqual(before);
    expect(await snapshots()).toEqual(['current']);
  });

  it.each([
    ['in one', false],
    ['with resources and configuration in a step each', true],
  ])('takes back what was changed of its resources, too: %s', async (_, apart) => {
    expect(await run('#!/bin/sh\n', false, 'MEMORY=1024\n', apart)).toMatchObject({ kind: 'done' });
    const before = await site.config(1042);
    const end = await run('#!/bin/sh\n# two\n', true, 'MEMORY=256\n', apart);
    expect(end).toMatchObject({ kind: 'failed', exitCode: 7 });
    const now = await site.config(1042);
    expect({ memory: now?.memory, snapshots: await snapshots() }).toEqual({
      memory: before?.memory,
      snapshots: expect.arrayContaining(['current']) as string[],
    });
    expect(await mark()).not.toHaveProperty('attempt');
    expect(await run('#!/bin/sh\n', false, 'MEMORY=1024\n', apart)).toMatchObject({ kind: 'done', results: [] });
  });
});
