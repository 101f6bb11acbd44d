import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CliSite } from './support/cli.ts';

/** Site.containers in a recipe, as libs/proxy has it: who comes or goes makes the configuration due. */

const DUE = ['keep', 'configure'];
let site: CliSite;

beforeAll(async () => {
  site = await CliSite.open();
});
afterAll(() => site.close());

function definition(name: string, id: number, recipe: string): string {
  const config = `IP=192.168.178.${id}\nID=${id}\nHOSTNAME=${name}\nMEMORY=512\nDISK=local-lvm:2\n`;
  const directory = site.definition('apache', { 'config.env': config, 'configure.sh': null }, name);
  mkdirSync(join(directory, 'recipes'), { recursive: true });
  writeFileSync(join(directory, 'recipes', 'default.rb'), recipe);
  return directory;
}

async function stepsOf(directory: string): Promise<readonly string[]> {
  const { stdout } = await site.run(['plan', directory, '--json']);
  const { plan } = JSON.parse(stdout) as { readonly plan: { readonly steps: readonly { readonly kind: string }[] } };
  return plan.steps.map(({ kind }) => kind);
}

async function run(...args: readonly string[]): Promise<void> {
  const end = await site.run(args);
  expect(end.code === 0 ? '' : end.text).toBe('');
}

it('is due again when a container of the site has come or gone, and not by itself', async () => {
  const front = definition('front', 44, 'puts Site.containers(node).map(&:name)\n');
  const other = definition('other', 45, "package 'caddy'\n");
  await run('deploy', front);
  await run('deploy', other);
  expect(await stepsOf(other)).toEqual([]);
  expect(await stepsOf(front)).toEqual(DUE);
  await run('deploy', front);
  expect(await stepsOf(front)).toEqual([]);
  const web = definition('web', 46, "package 'apache2'\n");
  await run('deploy', web);
  expect([await stepsOf(front), await stepsOf(other)]).toEqual([DUE, []]);
  await run('deploy', front);
  await run('destroy', web, '--yes');
  expect(await stepsOf(front)).toEqual(DUE);
});
