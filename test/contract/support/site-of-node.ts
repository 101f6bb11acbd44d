import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import type { Release } from '../../../local/node/schema/load.ts';
import { type ConnectedPorts, connect, connectAdministration, connectMask } from '../../../src/connect.ts';
import { define } from '../../../src/deploy.ts';
import type { Desired } from '../../../src/model/desired.ts';
import type { Settings } from '../../../src/model/settings.ts';
import { resolveSettings } from '../../../src/settings/resolve.ts';
import { ensure } from '../../../src/setup/ensure.ts';
import { survey } from '../../../src/setup/survey.ts';
import { TOKEN, type Wish } from '../../../src/setup/wish.ts';
import { type NodeClient, ROOT_PASSWORD, startTestNode, type TestNode } from './node-client.ts';

const ROOT = resolve(import.meta.dirname, '..', '..', '..');
const CONTROL_SECRET = 'for this test';

/** A simulated node on which `setup` was run, and the site that works with the token of it. */
export class SiteOfNode {
  readonly node: TestNode;
  readonly wish: Wish;
  readonly secret: string;
  readonly folder: string;
  readonly #open: { close(): Promise<void> }[] = [];

  private constructor(node: TestNode, wish: Wish, secret: string) {
    this.node = node;
    this.wish = wish;
    this.secret = secret;
    this.folder = mkdtempSync(join(tmpdir(), 'pve-gitops-site-'));
  }

  static async open(release: Release): Promise<SiteOfNode> {
    const node = await startTestNode({ profile: 'home', release, controlSecret: CONTROL_SECRET });
    const settings = settingsFor(node, { PROXMOX_USER: 'root@pam', PROXMOX_PASSWORD: ROOT_PASSWORD });
    const link = connectAdministration(settings.connection);
    const call = { timeoutMs: 20_000, signal: new AbortController().signal };
    try {
      const { wish } = await survey(link, { settings, token: TOKEN, storages: [], call });
      let secret = '';
      const save = async (fresh: string): Promise<void> => {
        secret = fresh;
      };
      await ensure(link.administration, wish, { renew: false, secretKnown: false, save, call });
      return new SiteOfNode(node, wish, secret);
    } finally {
      await link.close();
    }
  }

  settings(environment: Readonly<Record<string, string>> = {}): Settings {
    return settingsFor(this.node, {
      PROXMOX_TOKEN_ID: this.wish.token,
      PROXMOX_TOKEN_SECRET: this.secret,
      PROXMOX_POOL: this.wish.pool,
      PVE_GITOPS_STATE_DIRECTORY: join(this.folder, 'state'),
      ...environment,
    });
  }

  /** Everything a run needs, with the token; commands of containers go to the node's control endpoint. */
  async ports(settings = this.settings()): Promise<ConnectedPorts> {
    const control = {
      url: `https://127.0.0.1:${this.node.node.port}/control`,
      secret: CONTROL_SECRET,
      ca: readFileSync(this.node.node.caFile, 'utf8'),
    };
    const reporter = { tell: () => undefined };
    const ports = await connect(settings, { reporter, mask: connectMask(), simulated: control });
    this.#open.push(ports);
    return ports;
  }

  /** The API as the token sees it. */
  get client(): NodeClient {
    return this.node.root.with({ authorization: `PVEAPIToken=${this.wish.token}=${this.secret}` });
  }

  /** A lib under another ID, outside of git. */
  async define(lib: string, vmid: number, settings = this.settings(), more = ''): Promise<Desired> {
    const directory = join(this.folder, `${lib}-${vmid}`);
    rmSync(directory, { recursive: true, force: true });
    cpSync(join(ROOT, 'libs', lib), directory, { recursive: true });
    const file = join(directory, 'config.env');
    const text = readFileSync(file, 'utf8').replace(/^ID=.*$/m, `ID=${vmid}`);
    writeFileSync(file, `${text.trimEnd()}\n${more}`);
    const name = basename(directory);
    return define(await this.ports(settings), settings, directory, { name, owner: `srv/${name}`, stage: 'main' });
  }

  async close(): Promise<void> {
    for (const thing of this.#open.splice(0)) await thing.close();
    await this.node.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function settingsFor(test: TestNode, environment: Readonly<Record<string, string>>): Settings {
  const given = {
    PROXMOX_HOST: `127.0.0.1:${test.node.port}`,
    PROXMOX_CA_FILE: test.node.caFile,
    PVE_GITOPS_IMAGES: 'off',
    ...environment,
  };
  const home = { stateDirectory: '/nowhere', read: (path: string) => readFileSync(path, 'utf8') };
  return resolveSettings({ flags: {}, environment: given, files: [] }, home).settings;
}
