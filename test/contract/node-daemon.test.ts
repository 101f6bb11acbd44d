import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resetNode, startNode, statusOfNode, stopNode } from '../../local/node/daemon.ts';
import type { NodeFile } from '../../local/node/node-file.ts';
import { NodeClient } from './support/node-client.ts';

/** Needs `npm run build`: the node is a process of its own. */
let state: string;

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'pve-daemon-'));
});

afterEach(async () => {
  await stopNode(state);
  rmSync(state, { recursive: true, force: true });
});

const start = () => startNode({ state, backend: 'simulated', port: 0, timeoutMs: 30_000 });
const clientOf = (file: NodeFile) =>
  new NodeClient(file.port, file.ca, { authorization: `PVEAPIToken=${file.token.id}=${file.token.secret}` });

describe('the node as a process', () => {
  it('starts, is found again, answers its token, and ends', async () => {
    expect(statusOfNode(state).status).toBe('none');
    const file = await start();
    expect((await start()).pid).toBe(file.pid);
    expect(statusOfNode(state)).toMatchObject({ status: 'running', file: { pid: file.pid } });
    expect(statSync(join(state, 'node.json')).mode & 0o777).toBe(0o600);
    expect((await clientOf(file).call('GET', '/version')).status).toBe(200);
    const control = new NodeClient(file.port, file.ca, { 'x-control-secret': file.control.secret });
    expect((await control.raw('GET', '/control/calls', '')).status).toBe(200);
    expect(await stopNode(state)).toBe(true);
    expect(statusOfNode(state).status).toBe('stopped');
    expect(await stopNode(state)).toBe(false);
    expect(readFileSync(join(state, 'node.log'), 'utf8')).toMatch(/ended\n$/);
  });

  it('keeps its secrets over a kill, and starts again after it', async () => {
    const first = await start();
    process.kill(first.pid, 'SIGKILL');
    await expect.poll(() => statusOfNode(state).status).toBe('dead');
    const second = await start();
    expect(second.pid).not.toBe(first.pid);
    expect([second.token, second.ca, second.fingerprint]).toEqual([first.token, first.ca, first.fingerprint]);
    expect((await clientOf(second).call('GET', '/version')).status).toBe(200);
  });

  it('leaves nothing after a reset', async () => {
    await start();
    await resetNode(state);
    expect(existsSync(state)).toBe(false);
    expect(statusOfNode(state).status).toBe('none');
  });

  it('says why it does not start', async () => {
    const wrong = startNode({ state, backend: 'simulated', port: 70_000, timeoutMs: 30_000 });
    await expect(wrong).rejects.toThrow(/Unable to start the local node: it ended/);
  });
});
