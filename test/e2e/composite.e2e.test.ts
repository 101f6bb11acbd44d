import { beforeAll, expect, test } from 'vitest';
import { forgeAndRunner, logOfRun } from './forge-and-runner.ts';
import { pushFiles } from './push.ts';

/** What the layout of `srv/config` rests on, so that a change of Gitea or of its runner is seen here first. */
const site = forgeAndRunner('composite');

const action = `
inputs: { who: { default: nobody } }
outputs: { greeting: {} }
runs: { using: node24, main: main.cjs, post: post.cjs }
`;
const main = `
const { appendFileSync } = require('node:fs');
const { GITHUB_ACTION_PATH, GITHUB_OUTPUT, GITHUB_STATE, INPUT_WHO, INPUT_EXTRA } = process.env;
console.log('who=' + INPUT_WHO + ' extra=' + INPUT_EXTRA);
console.log('own folder ' + __dirname.endsWith('/actions/hello') + ', given folder ' + GITHUB_ACTION_PATH.split('/').at(-1));
appendFileSync(GITHUB_OUTPUT, 'greeting=hello ' + INPUT_WHO + '\\n');
appendFileSync(GITHUB_STATE, 'phase=begun\\n');
`;
const composite = `
inputs: { who: { default: somebody }, extra: { default: from the composite } }
outputs: { greeting: { value: '\${{ steps.hello.outputs.greeting }}' } }
runs:
  using: composite
  steps:
    - id: hello
      uses: srv/config/actions/hello@main
    - shell: bash
      run: echo "secrets=[\${{ secrets.KEY }}] sha=\${{ gitea.sha }}"
    - shell: bash
      run: test -f "$GITHUB_ACTION_PATH/../../actions/hello/main.cjs" && echo "the repository is around the composite"
`;
const caller = `
name: container
on: push
jobs:
  deploy:
    runs-on: shell
    steps:
      - id: container
        uses: srv/config/.gitea/workflows@main
      - run: echo "greeting=[\${{ steps.container.outputs.greeting }}]"
`;

beforeAll(async () => {
  const { api } = site().forge;
  await api.createOrganisation('srv');
  await api.setSecret('srv', 'KEY', 'never shown');
  await api.createRepository('srv/config');
  await api.createRepository('srv/box', { private: true });
  await pushFiles(site().forge, 'srv/config', {
    '.gitea/workflows/action.yml': composite,
    'actions/hello/action.yml': action,
    'actions/hello/main.cjs': main,
    'actions/hello/post.cjs': "console.log('post knows phase=' + process.env.STATE_phase);",
  });
});

test('a composite uses a JavaScript action of its own repository', async () => {
  const { forge } = site();
  const sha = await pushFiles(forge, 'srv/box', { '.gitea/workflows/container.yml': caller });
  const run = await forge.api.waitForRun('srv/box', sha, { workflow: 'container.yml' });
  const log = await logOfRun(forge, 'srv/box', run, 'composite/box.log');

  expect(run.conclusion).toBe('success');
  // Inputs of the composite reach the action as if they were its own, and win over its defaults.
  expect(log).toMatch(/ who=somebody extra=from the composite$/m);
  // An action finds its files by its own path, not by the one in the environment.
  expect(log).toMatch(/ own folder true, given folder workflows$/m);
  expect(log).toContain(` secrets=[] sha=${sha}`);
  expect(log).toMatch(/ the repository is around the composite$/m);
  expect(log).toMatch(/ greeting=\[hello somebody\]$/m);
  expect(log).toMatch(/ post knows phase=begun$/m);
});
