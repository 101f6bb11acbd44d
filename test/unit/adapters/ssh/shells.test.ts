import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createClock } from '../../../../src/adapters/clock/clock.ts';
import { probe } from '../../../../src/adapters/ssh/probe.ts';
import { createSessionQueue } from '../../../../src/adapters/ssh/session-queue.ts';
import { createShells } from '../../../../src/adapters/ssh/shells.ts';
import { freePort } from '../../../free-port.ts';

const never = new AbortController().signal;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const look = (port: number, banner = true) =>
  probe({ address: '127.0.0.1', port, timeoutMs: 200, banner, signal: never });

describe('probe', () => {
  it('tells apart what answers', async () => {
    expect(await look(await listen((socket) => socket.write('hello\r\nSSH-2.0-x\r\n')))).toBe('banner');
    expect(await look(await listen(() => undefined))).toBe('silent');
    expect(await look(await listen((socket) => socket.end()))).toBe('closed');
    expect(await look(await listen(() => undefined), false)).toBe('open');
    expect(await look(await freePort())).toBe('refused');
  });
});

describe('shells', () => {
  const shells = (port: number) =>
    createShells({
      certificates: { certificate: () => Promise.reject(new Error('no certificate is asked for')) },
      clock: createClock(),
      port,
    });
  const target = { vmid: 7, node: 'pve', address: '127.0.0.1', hostKeys: [`SHA256:${'A'.repeat(43)}`] };

  it('waits for SSH, and says what was there instead', async () => {
    await expect(shells(await freePort()).open(target, { timeoutMs: 300, signal: never })).rejects.toMatchObject({
      kind: 'remote',
      message: 'Unable to connect to container 7 at 127.0.0.1: no SSH within 300 ms: connection refused',
      advice: [expect.stringContaining('openssh-server')],
    });
  });

  it('asks again while nothing answers yet', async () => {
    let asked = 0;
    const port = await listen((socket) => {
      asked += 1;
      if (asked < 3) socket.end();
      else socket.write('SSH-2.0-late\r\n');
    });
    await expect(shells(port).open(target, { timeoutMs: 5_000, signal: never })).rejects.toThrow(
      'no certificate is asked for',
    );
    expect(asked).toBe(3);
  });

  it('stops waiting with the signal', async () => {
    const controller = new AbortController();
    const port = await listen(() => controller.abort());
    await expect(shells(port).open(target, { timeoutMs: 60_000, signal: controller.signal })).rejects.toThrow(
      'Unable to finish connecting to container 7 at 127.0.0.1: it was cancelled',
    );
  });

  it('takes an address for an address only', async () => {
    const wrong = { ...target, address: '-oProxyCommand=id' };
    await expect(shells(22).open(wrong, { timeoutMs: 100, signal: never })).rejects.toThrow('this is no address');
  });

  it('finds an address taken when something answers, and free when nothing is there', async () => {
    expect(await shells(22).answers('127.0.0.1', { timeoutMs: 1000, signal: never })).toBe(true);
    // The broadcast address: no TCP connection to it leaves this machine.
    expect(await shells(22).answers('255.255.255.255', { timeoutMs: 200, signal: never })).toBe(false);
  });
});

describe('session queue', () => {
  it('lets in as many as there are places, the others in order', async () => {
    const queue = createSessionQueue(1);
    const call = { timeoutMs: 5_000, signal: never };
    const order: string[] = [];
    const first = await queue.enter('first', call);
    const second = queue.enter('second', call).then((leave) => {
      order.push('second');
      leave();
    });
    const third = queue.enter('third', call).then((leave) => {
      order.push('third');
      leave();
    });
    order.push('first');
    first();
    await Promise.all([second, third]);
    expect(order).toEqual(['first', 'second', 'third']);
  });

  it('does not wait longer than the call allows', async () => {
    const queue = createSessionQueue(1);
    const leave = await queue.enter('first', { timeoutMs: 1000, signal: never });
    await expect(queue.enter('check', { timeoutMs: 30, signal: never })).rejects.toThrow(
      'Unable to start check: no free session within 30 ms',
    );
    const controller = new AbortController();
    const cancelled = queue.enter('check', { timeoutMs: 60_000, signal: controller.signal });
    controller.abort();
    await expect(cancelled).rejects.toThrow('cancelled');
    leave();
    await expect(queue.enter('next', { timeoutMs: 30, signal: never })).resolves.toBeTypeOf('function');
  });
});
