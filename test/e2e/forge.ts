import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import { appIni } from './app-ini.ts';
import { GiteaApi } from './gitea-api.ts';
import { type Environment, isolatedEnvironment, run, startService } from './process.ts';
import type { Tools } from './tools.ts';
import { Hopeless, waitFor } from './wait.ts';

export interface Forge {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly token: string;
  readonly api: GiteaApi;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** A Gitea of its own with an administrator and a token for it, everything below `directory`. */
export async function startForge(tools: Tools, directory: string): Promise<Forge> {
  const home = join(directory, 'home');
  mkdirSync(join(directory, 'work'), { recursive: true });
  mkdirSync(home, { recursive: true });
  const port = await freePort();
  const root = process.getuid?.() === 0;
  const config = join(directory, 'app.ini');
  writeFileSync(config, appIni({ directory, port, staticRoot: tools.staticRoot, root }), { mode: 0o600 });

  // Gitea takes the name of the account it runs as from USER.
  const env = { ...isolatedEnvironment(home), ...accountName() };
  const gitea = (name: string, ...args: string[]) => ({
    name,
    program: tools.gitea,
    args: ['--config', config, ...args],
    env,
    cwd: directory,
  });
  const user = 'root-admin';
  const password = randomBytes(16).toString('base64url');
  await run(gitea('create the database of Gitea', 'migrate'));
  const account = ['--username', user, '--password', password, '--email', `${user}@localhost.invalid`];
  const rights = ['--admin', '--must-change-password=false'];
  await run(gitea('create the administrator of Gitea', 'admin', 'user', 'create', ...account, ...rights));
  const scopes = ['--username', user, '--token-name', 'e2e', '--scopes', 'all', '--raw'];
  const create = gitea('create a token of Gitea', 'admin', 'user', 'generate-access-token', ...scopes);
  // Warnings of the start come first, on the same stream.
  const token = /^[0-9a-f]{40}$/m.exec(await run(create))?.[0];
  if (token === undefined) throw new Error('Unable to create a token of Gitea: it printed none');

  const url = `http://127.0.0.1:${port}`;
  const api = new GiteaApi(url, token);
  const service = startService(gitea('Gitea', 'web'), join(directory, 'gitea.log'));
  const answer = async () => {
    if (!service.alive()) throw new Hopeless(`Unable to start Gitea: it ended.\n${service.log().slice(-4000)}`);
    return api.version();
  };
  try {
    await waitFor('an answer of Gitea', 60_000, answer, () => service.log().slice(-1000));
  } catch (error) {
    await service.stop();
    throw error;
  }
  return { url, user, password, token, api, log: service.log, stop: service.stop };
}

function accountName(): Environment {
  return process.env.USER === undefined ? {} : { USER: process.env.USER };
}
