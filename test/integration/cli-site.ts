import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { get } from 'node:http';
import { basename, join } from 'node:path';
import { layoutOf } from '../../local/node/backend/lxc/layout.ts';
import { CliSite } from '../contract/support/cli.ts';
import { debianTemplate } from './lxc-template.ts';

type Release = NonNullable<Parameters<typeof debianTemplate>[0]>;

/** The command line with a node of real containers, which has its templates already. */
export async function openCliSite(releases: readonly Release[] = [13]): Promise<CliSite> {
  const templates = await Promise.all(releases.map((release) => debianTemplate(release)));
  const site = await CliSite.open('lxc');
  const cache = join(site.state, 'node', 'storage', 'local', 'template', 'cache');
  mkdirSync(cache, { recursive: true });
  for (const template of templates) copyFileSync(template, join(cache, basename(template)));
  return site;
}

/** First two numbers of the node's network: definitions' addresses are translated into it. */
export function prefixOf(site: CliSite): string {
  return (site.node.network ?? '').split('.').slice(0, 2).join('.');
}

/** Runs a shell command in a container; its output. */
export function insideOf(site: CliSite, vmid: number, command: string, input = ''): string {
  const { containers } = layoutOf(join(site.state, 'node'));
  const argv = ['-P', containers, '-n', String(vmid), '--clear-env', '--', 'sh', '-c', command];
  return execFileSync('lxc-attach', argv, { encoding: 'utf8', input, stdio: 'pipe', timeout: 60_000 });
}

/** What a page has, as it is. */
export function fetchPage(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = get(url, { timeout: 10_000 }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      answer.on('end', () => resolve(text));
    });
    sent.on('timeout', () => sent.destroy(new Error(`${url} does not answer`)));
    sent.on('error', reject);
  });
}
