import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClock } from '../../src/adapters/clock/clock.ts';
import { createSource } from '../../src/adapters/source/source.ts';
import { configure } from '../../src/configure/configure.ts';
import { guestEnvironment } from '../../src/configure/environment.ts';
import type { Shell } from '../../src/model/ports.ts';
import { openCincGuest } from './cinc-guest.ts';
import { type GuestHost, openGuestHost, within } from './guest-container.ts';

/** The recipe of the issue that asked for this engine, word for word. */
const RECIPE = `package 'apache2'
file '/var/www/html/index.html' do
  content "<h1>Hello from #{Env.get(node, 'login')}</h1>"
  mode '0644'
  owner 'app'
  group 'app'
end
Common.application 'apache2'
`;
const SECRET = 'Geheim-4711-$(id)';

const clock = createClock();
let host: GuestHost;
let shell: Shell;
let directory: string;
const lines: string[] = [];

let inside: (script: string) => Promise<string>;

/** A definition with these files, converged. */
function converge(files: Readonly<Record<string, string>>, variables: Readonly<Record<string, string>> = {}) {
  rmSync(directory, { recursive: true, force: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  lines.splice(0);
  const facts = {
    id: 940,
    hostname: 'apache',
    stage: 'main',
    login: 'anna',
    password: SECRET,
    secrets: { KEY: SECRET },
  };
  const input = {
    vmid: 940,
    name: 'apache',
    archive: createSource().archive(directory),
    environment: guestEnvironment(facts),
    secretNames: ['KEY'],
    variables,
  };
  return configure('cinc', shell, input, clock, within(300), (event) => {
    if (event.kind === 'line') lines.push(event.text);
  });
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cinc-definition-'));
  host = await openGuestHost();
  ({ shell, inside } = await openCincGuest(host, 940));
});
afterAll(async () => {
  await host?.close();
  rmSync(directory, { recursive: true, force: true });
});

it('converges the recipe of the issue, and changes nothing the second time', async () => {
  const first = await converge({ 'recipes/default.rb': RECIPE });
  expect(first.changed).toEqual(
    expect.arrayContaining(['package[apache2] install', 'file[/var/www/html/index.html] create']),
  );
  expect(await inside('curl -s http://127.0.0.1/; stat -c " %U:%G %a" /var/www/html/index.html')).toBe(
    '<h1>Hello from anna</h1> app:app 644',
  );
  const second = await converge({ 'recipes/default.rb': RECIPE });
  expect(second.changed).toEqual([]);
  expect(second.summary).toMatch(/^nothing to do: \d+ resources are as they should be$/);
});

it('takes attributes, templates, files and libraries as Chef lays them out, and leaves nothing of a secret behind', async () => {
  const result = await converge(
    {
      'attributes/default.rb': "default['apache']['word'] = 'from attributes'\n",
      'libraries/shout.rb': 'module Shout\n  def self.loud(text)\n    text.upcase\n  end\nend\n',
      'templates/page.erb': '<%= @word %> <%= node["apache"]["word"] %> <%= Shout.loud("lib") %>\n',
      'files/default/plain.txt': 'as it is\n',
      'recipes/other.rb': "file('/srv/other') { content 'other' }\n",
      'recipes/default.rb': `
directory '/srv/site'
template '/srv/site/page' do
  source 'page.erb'
  variables word: 'variable'
end
cookbook_file('/srv/site/plain.txt') { source 'plain.txt' }
file '/srv/site/key' do
  content ENV['KEY']
  mode '0600'
  sensitive true
end
include_recipe "#{cookbook_name}::other"
Env.set(node, 'broker_address', '10.0.0.7')
Env.set(node, 'broker_key', ENV['KEY'])
raise 'no variable' unless Env.get(node, 'given') == 'by the site'
`,
    },
    { GIVEN: 'by the site' },
  );
  expect(await inside('cat /srv/site/page /srv/site/plain.txt /srv/other')).toBe(
    'variable from attributes LIB\nas it is\nother',
  );
  expect(result.variables).toEqual({ BROKER_ADDRESS: '10.0.0.7' });
  expect(lines.join('\n')).not.toContain(SECRET);
  expect(
    await inside(`rm /srv/site/key; grep -rlF '${SECRET}' /etc /root /srv /tmp /var /run /opt 2>/dev/null; true`),
  ).toBe('');
  expect(await inside('ls /run/pve-gitops')).toBe('lock');
});

it('keeps a unit of its own, restarts it when what it depends on changes, and finds that it does not run', async () => {
  const recipe = (word: string, program: string) => `
file('/srv/word') { content '${word}' }
Common.application self, 'sleeper', exec: '${program}', user: 'app', group: 'app', subscribe: ['file[/srv/word]'], verify_timeout: 4
`;
  const start = 'systemctl show --property=MainPID --value sleeper';
  await converge({ 'recipes/default.rb': recipe('one', '/usr/bin/sleep 86400') });
  const first = await inside(start);
  expect(first).not.toBe('0');
  expect((await converge({ 'recipes/default.rb': recipe('one', '/usr/bin/sleep 86400') })).changed).toEqual([]);
  await converge({ 'recipes/default.rb': recipe('two', '/usr/bin/sleep 86400') });
  expect(await inside(start)).not.toBe(first);
  await expect(converge({ 'recipes/default.rb': recipe('two', '/bin/false') })).rejects.toMatchObject({
    message: expect.stringMatching(
      /pve_gitops_healthy\[sleeper\] failed to run \(recipes\/default\.rb:3\)|service\[sleeper\] failed/,
    ),
  });
});

it.each([
  [
    'a resource',
    "log 'one'\n\nexecute 'ls /nowhere-at-all'\n",
    /execute\[ls \/nowhere-at-all\] failed to run \(recipes\/default\.rb:3\)/,
  ],
  ['an error of Ruby', 'x = 1\nnil.no_such_thing\n', /the recipe failed \(recipes\/default\.rb:2\).*no_such_thing/],
  ['a recipe that cannot be read', "package 'a\n", /the recipe failed \(recipes\/default\.rb:\d\)/],
])('names the line of %s that fails', async (_, recipe, message) => {
  await expect(converge({ 'recipes/default.rb': recipe })).rejects.toMatchObject({
    kind: 'remote',
    message: expect.stringMatching(message),
  });
});
