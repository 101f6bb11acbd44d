import { afterAll, beforeAll, expect, it } from 'vitest';
import { CliSite } from './support/cli.ts';

/** A configuration that was broken off is none: whatever comes after it configures, what was good before it too. */

let site: CliSite;

beforeAll(async () => {
  site = await CliSite.open();
});
afterAll(() => site.close());

const definition = (script: string): string => site.definition('apache', { 'configure.sh': script });
const GOOD = '#!/bin/sh\necho good\n';

interface Ran {
  readonly command: string;
}
const configured = async (): Promise<number> =>
  ((await site.control('GET', 'exec?vmid=1042')) as readonly Ran[]).filter((ran) =>
    JSON.stringify(ran).includes('configure.sh'),
  ).length;
const steps = async (directory: string): Promise<readonly string[]> => {
  const { stdout } = await site.run(['plan', directory, '--json']);
  const { plan } = JSON.parse(stdout) as { readonly plan: { readonly steps: readonly { readonly kind: string }[] } };
  return plan.steps.map(({ kind }) => kind);
};

it('SIGKILL in the middle of another configuration: the one before is not taken for granted', async () => {
  expect(await site.run(['deploy', definition(GOOD)])).toMatchObject({ code: 0 });
  expect(await steps(definition(GOOD))).toEqual([]);
  const before = await configured();
  const running = site.start(['deploy', definition('#!/bin/sh\necho other\n')]);
  await running.when(async () => (await configured()) > before);
  running.kill();
  expect((await running.ended).code).toBeNull();
  expect(await steps(definition(GOOD))).toContain('configure');
  expect(await site.run(['deploy', definition(GOOD)])).toMatchObject({ code: 0 });
  expect(await steps(definition(GOOD))).toEqual([]);
});
