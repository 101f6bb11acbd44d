import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { COOKBOOK_MODULE, cookbookModule } from '../../../actions/cookbook.ts';
import { CINC_FILES } from '../../../src/configure/cinc-files.ts';

it('is what cookbook/ holds (npm run cookbook)', () => {
  expect(readFileSync(COOKBOOK_MODULE, 'utf8')).toBe(cookbookModule());
});

it('has all that a run needs', () => {
  expect(Object.keys(CINC_FILES)).toEqual(
    expect.arrayContaining([
      'metadata.rb',
      'recipes/default.rb',
      'libraries/env.rb',
      'client/client.rb',
      'client/report.rb',
    ]),
  );
});

it.each([
  ['client/launch.sh', 'bash'],
  ['client/install.sh', 'sh'],
] as const)('%s can be read by %s', (file, program) => {
  expect(spawnSync(program, ['-n', '-c', CINC_FILES[file]])).toMatchObject({ status: 0 });
});
