import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClock } from '../../src/adapters/clock/clock.ts';
import { createSource } from '../../src/adapters/source/source.ts';
import { runBaseline } from '../../src/baseline/debian.ts';
import { configure } from '../../src/configure/configure.ts';
import { guestEnvironment } from '../../src/configure/environment.ts';
import type { HealthCheck } from '../../src/model/definition.ts';
import type { BaselineSettings } from '../../src/model/desired.ts';
import type { Event, Shell } from '../../src/model/ports.ts';
import { verify } from '../../src/verify/verify.ts';
import { type Guest, type GuestHost, openGuestHost, SUITES, within } from './guest-container.ts';

const LIBS = resolve(import.meta.dirname, '../../libs');
const OPERATOR = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOperatorOperatorOperatorOperatorOperator anna@home';
const STRANGER = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIStrangerStrangerStrangerStrangerStranger bob@laptop';
const PASSWORD = 'geheim $(id) `id` "a"';
const SETTINGS: BaselineSettings = {
  timezone: 'Europe/Berlin',
  locale: 'C.UTF-8',
  upgrade: false,
  sshKeys: [OPERATOR],
};

const clock = createClock();
let host: GuestHost;

beforeAll(async () => {
  host = await openGuestHost();
});
afterAll(async () => {
  await host?.close();
});

describe.each(SUITES)('Debian $release', (suite) => {
  let guest: Guest;
  let shell: Shell;
  const told: string[] = [];
  const tell = (event: Event) => void told.push(event.kind === 'line' ? event.text : event.kind);

  const baseline = (settings: Partial<BaselineSettings> = {}) =>
    runBaseline(
      shell,
      { ...SETTINGS, ...settings, vmid: guest.vmid, authority: host.authority },
      clock,
      within(600),
      tell,
    );
  const inside = async (script: string) => {
    const { stdout } = await shell.run({ name: 'look', argv: ['sh', '-c', script] }, within(30));
    return stdout.trim();
  };
  const deploy = (name: string, environment: { login?: string; password?: string } = {}) => {
    const facts = { id: guest.vmid, hostname: name, stage: 'main', ip: guest.address, ...environment };
    const archive = createSource().archive(`${LIBS}/${name}`);
    const input = { vmid: guest.vmid, archive, environment: guestEnvironment(facts) };
    return configure('shell', shell, input, clock, within(600), tell);
  };
  const check = (checks: readonly HealthCheck[], deadlineMs = 20_000) =>
    verify(shell, checks, { deadlineMs, intervalMs: 200 }, clock, within(60), tell);

  beforeAll(async () => {
    guest = await host.start(900 + suite.release, suite, [OPERATOR]);
    shell = await guest.open();
  });

  it('gets its baseline in one go, and a second run changes nothing and is quick', async () => {
    const first = await baseline();
    expect(first.changed).toEqual(expect.arrayContaining(['user app', 'user config', 'time zone is Europe/Berlin']));
    expect(first.warnings).toEqual([]);
    const second = await baseline();
    expect(second).toMatchObject({ changed: [], warnings: [] });
    expect(second.milliseconds).toBeLessThan(1500);
  });

  it('has the users and rights that it says', async () => {
    expect(await inside('id -u app; id -gn app; id -nG app; getent passwd app | cut -d: -f6,7')).toBe(
      '1000\napp\napp config\n/app:/usr/sbin/nologin',
    );
    expect(await inside("stat -c '%a %U:%G' /app")).toBe('755 app:config');
    expect(await inside('runuser -u config -- sudo -n id -un')).toBe('root');
    expect(await inside('date +%Z')).toMatch(/^CES?T$/);
  });

  it('lets in by certificate or key only, for root and config', async () => {
    const effective = await inside('sshd -T -C user=root,host=x,addr=127.0.0.1 2>&1');
    for (const line of ['passwordauthentication no', 'kbdinteractiveauthentication no'])
      expect(effective).toContain(line);
    expect(effective).toMatch(/permitrootlogin (prohibit|without)-password/);
    expect(await inside('ls /etc/ssh/pve-gitops/principals')).toBe('config\nroot');
    await (await guest.open()).close();
  });

  it('takes a key away with its setting, and leaves a stranger’s with a warning', async () => {
    await inside(`printf '%s\\n' '${STRANGER}' >>/root/.ssh/authorized_keys`);
    const without = await baseline({ sshKeys: [] });
    expect(without.changed).toEqual(['wrote /root/.ssh/authorized_keys']);
    expect(without.warnings).toEqual([expect.stringContaining('bob@laptop')]);
    const keys = await inside('cat /root/.ssh/authorized_keys');
    expect(keys).not.toContain('anna@home');
    expect(keys).toContain(STRANGER);
    expect(keys).toContain(`cert-authority,principals="root" ${host.authority.split(' ').slice(0, 2).join(' ')}`);
  });

  it('refuses a time zone that is none and leaves the old one', async () => {
    await expect(baseline({ timezone: 'Mars/Olympus' })).rejects.toMatchObject({ kind: 'user' });
    expect(await inside('date +%Z')).toMatch(/^CES?T$/);
  });

  it('lets sshd read a configuration that a killed run left unread', async () => {
    await inside('touch /etc/ssh/sshd_config.d/00-pve-gitops.conf');
    expect((await baseline()).changed).toContain('sshd reloaded');
    expect((await baseline()).changed).toEqual([]);
  });

  it('serves the page of libs/apache; a second run changes nothing and is quick', async () => {
    expect((await deploy('apache', { login: 'a<b>&"c"' })).changed).toContain('installed apache2');
    expect(
      await check([{ kind: 'http', url: 'http://:80/', contains: 'Hello from a&lt;b&gt;&amp;&quot;c&quot;' }]),
    ).toEqual([{ check: 'http http://:80/', ok: true, detail: 'status 200' }]);
    expect(await inside("stat -c '%a %U:%G' /var/www/html/index.html")).toBe('644 app:app');
    const second = await deploy('apache', { login: 'a<b>&"c"' });
    expect(second.changed).toEqual([]);
    expect(second.milliseconds).toBeLessThan(1500);
  });

  it('runs the broker of libs/broker for one login; its password is on no command line', async () => {
    const seen: string[] = [];
    const watcher =
      'for i in $(seq 400); do cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" " " | grep -o geheim; sleep 0.01; done';
    const watching = shell.run(
      { name: 'watch', argv: ['sh', '-c', watcher.replace('geheim', '[g]eheim')], onLine: (line) => seen.push(line) },
      within(60),
    );
    expect((await deploy('broker', { login: 'anna', password: PASSWORD })).changed).toContain('installed mosquitto');
    await watching;
    expect(seen).toEqual([]);
    expect((await deploy('broker', { login: 'anna', password: PASSWORD })).changed).toEqual([]);
    const results = await check([
      { kind: 'unit', unit: 'mosquitto' },
      { kind: 'tcp', port: 1883 },
    ]);
    expect(results.map(({ ok }) => ok)).toEqual([true, true]);
    expect((await deploy('broker', { login: 'anna', password: 'another' })).changed).toHaveLength(1);
  });

  it('says what a broker without login lacks', async () => {
    await expect(deploy('broker')).rejects.toMatchObject({
      kind: 'remote',
      message: expect.stringContaining('the broker needs a login and a password'),
    });
  });

  it('leaves nothing of a run behind', async () => {
    expect(await inside('ls /run/pve-gitops')).toBe('lock');
  });

  it('explains what is not healthy', async () => {
    await inside(
      `printf '[Service]\\nExecStart=/bin/sh -c "echo no config; exit 5"\\n' >/etc/systemd/system/bad.service; systemctl daemon-reload; systemctl start bad`,
    );
    const results = await check(
      [
        { kind: 'unit', unit: 'bad' },
        { kind: 'unit', unit: 'not-there' },
        { kind: 'http', url: 'http://:82/' },
        { kind: 'http', url: 'http://:80/', status: 204 },
      ],
      500,
    );
    expect(results.map(({ ok }) => ok)).toEqual([false, false, false, false]);
    expect(results[0]?.detail).toMatch(/^expected active, but it is failed .*ExecMainStatus=5.*no config/s);
    expect(results[1]?.detail).toBe('expected active, but there is no such unit');
    expect(results[2]?.detail).toContain('curl: (7)');
    expect(results[3]?.detail).toContain('expected status 204, but got 200');
    expect((await check([], 500))[0]?.detail).toContain('bad.service');
    await inside('systemctl reset-failed bad');
    expect(await check([])).toEqual([{ check: 'no failed units', ok: true, detail: expect.stringMatching(/^none/) }]);
  });
});
