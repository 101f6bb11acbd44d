import { describe, expect, it } from 'vitest';
import { connectFailure } from '../../../../src/adapters/ssh/connect-failure.ts';

const PIN = `SHA256:${'A'.repeat(43)}`;
const OTHER = `SHA256:${'B'.repeat(43)}`;
const TARGET = { vmid: 1042, node: 'pve', address: '192.0.2.42', hostKeys: [PIN] };

describe('connectFailure', () => {
  it.each([
    'ssh: connect to host 192.0.2.42 port 22: Connection refused',
    'ssh: connect to host 192.0.2.42 port 22: No route to host',
    'ssh: connect to host 192.0.2.42 port 22: Connection timed out',
    'kex_exchange_identification: Connection closed by remote host',
    'Connection closed by 192.0.2.42 port 22',
    'Connection timed out during banner exchange',
    'Not allowed at this time',
  ])('may pass: %s', (text) => {
    expect(connectFailure(TARGET, `${text}\r\n`, [])).toMatchObject({ kind: 'not-yet' });
  });

  it('never goes on after a host key that is not pinned, whatever else was said', () => {
    const failure = connectFailure(TARGET, 'Connection closed by 192.0.2.42 port 22', [PIN, OTHER]);
    expect(failure).toMatchObject({
      kind: 'final',
      error: {
        kind: 'remote',
        message: `Unable to connect to container 1042 at 192.0.2.42: its host key ${OTHER} is not the pinned one`,
      },
    });
    expect(JSON.stringify(failure)).not.toMatch(/known_hosts|StrictHostKey/);
  });

  it.each([
    ['root@192.0.2.42: Permission denied (publickey).', 'remote', /^Unable to log in to container 1042/],
    ['command-line: line 0: Bad configuration option: knownhostscommand', 'host', /too old/],
    ['something \x1b[2Jnew', 'remote', /: something \\x1b\[2Jnew$/],
    ['', 'remote', /ssh said nothing$/],
  ])('is final: %j', (text, kind, message) => {
    expect(connectFailure(TARGET, text, [PIN])).toMatchObject({
      kind: 'final',
      error: { kind, message: expect.stringMatching(message) },
    });
  });
});
