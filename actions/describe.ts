import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { definitionSchemaText } from '../src/definition/json-schema.ts';
import { settingsTable } from '../src/settings/markdown.ts';
import { definitionPage } from './definition-page.ts';
import { ACTIONS, type ActionInterface, COMMON, FLEET, type Input, ROLLBACK, SETTING_INPUTS } from './interface.ts';

/** `npm run docs` writes what follows from the interfaces; with --check it only compares. */

/** This file runs from actions/ in tests and from build/actions/ as a program. */
const ROOT = resolve(import.meta.dirname, basename(join(import.meta.dirname, '..')) === 'build' ? '../..' : '..');
/** Where the composite finds the actions: the repository that holds this project on a forge. */
const HOME = 'srv/config';

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function yamlInputs(inputs: Readonly<Record<string, Input>>): string[] {
  return Object.entries(inputs).flatMap(([name, input]) => [
    `  ${name}:`,
    `    description: ${quote(input.description)}`,
    ...(input.required === true ? ['    required: true'] : []),
    ...(input.default === undefined ? [] : [`    default: ${input.default}`]),
  ]);
}

export function actionYaml(action: ActionInterface): string {
  return `${[
    '# Written by npm run docs from actions/interface.ts.',
    `name: ${action.name}`,
    `description: ${quote(action.description)}`,
    'inputs:',
    ...yamlInputs(action.inputs),
    ...(Object.keys(action.outputs).length === 0 ? [] : ['outputs:']),
    ...Object.entries(action.outputs).flatMap(([name, text]) => [`  ${name}:`, `    description: ${quote(text)}`]),
    'runs:',
    '  using: node24',
    '  main: dist/index.js',
    ...(action.post === true ? ['  post: dist/index.js'] : []),
  ].join('\n')}\n`;
}

export function actionReadme(action: ActionInterface): string {
  const rows = Object.entries(action.inputs)
    .filter(([name]) => !(name in SETTING_INPUTS))
    .map(
      ([name, input]) =>
        `| \`${name}\` | ${input.description} | ${input.default === undefined ? '' : `\`${input.default}\``} |`,
    );
  return `${[
    `# ${action.name}`,
    '',
    action.description,
    '',
    '| input | | default |',
    '|---|---|---|',
    ...rows,
    '',
    `Beside these, settings are inputs under their names in [docs/settings.md](../../docs/settings.md): ${Object.keys(
      SETTING_INPUTS,
    )
      .map((name) => `\`${name}\``)
      .join(', ')}.`,
    'A setting that is not handed over comes from the environment of the runner, or from `/etc/pve-gitops/config.json` on its host.',
    '',
    ...(Object.keys(action.outputs).length === 0 ? [] : ['| output | |', '|---|---|']),
    ...Object.entries(action.outputs).map(([name, text]) => `| \`${name}\` | ${text} |`),
  ].join('\n')}\n`;
}

/** The composite that a container repository's workflow includes: one step per action. */
export function compositeYaml(): string {
  const [init] = ACTIONS;
  const own = Object.entries(init?.inputs ?? {}).filter(([name]) => !(name in SETTING_INPUTS) && !(name in COMMON));
  const inputs = {
    ...Object.fromEntries(own),
    force: { description: 'true: configure although nothing has changed' },
    ...ROLLBACK,
    ...COMMON,
    ...SETTING_INPUTS,
  };
  const settings = Object.keys({ ...COMMON, ...SETTING_INPUTS }).map(
    (name) => `        ${name}: \${{ inputs.${name} }}`,
  );
  const step = (id: string, name: string, values: readonly string[]): string[] => [
    `    - id: ${id}`,
    `      uses: ${HOME}/actions/${name}@main`,
    '      with:',
    ...values.map((value) => `        ${value}`),
    ...settings,
  ];
  const from = (step: string, ...names: string[]): string[] =>
    names.map((name) => `${name}: \${{ steps.${step}.outputs.${name} }}`);
  return `${[
    '# Written by npm run docs from actions/interface.ts. Source: workflows/, its copy in .gitea/workflows is what a forge finds.',
    'name: container',
    'description: From a container repository to a running, configured, verified container on Proxmox VE.',
    'inputs:',
    ...yamlInputs(inputs),
    'outputs:',
    '  vmid:',
    "    description: 'The container'",
    '    value: ${{ steps.default.outputs.vmid }}',
    '  urls:',
    "    description: 'Addresses of the services'",
    '    value: ${{ steps.configuration.outputs.urls }}',
    'runs:',
    '  using: composite',
    '  steps:',
    ...step(
      'init',
      'container-init',
      own.map(([name]) => `${name}: \${{ inputs.${name} }}`),
    ),
    ...step('default', 'container-default', from('init', 'desired', 'directory', 'mode')),
    ...step('configuration', 'container-configuration', [
      ...from('init', 'desired', 'directory', 'mode'),
      'target: ${{ steps.default.outputs.target }}',
      'force: ${{ inputs.force }}',
      ...Object.keys(ROLLBACK).map((name) => `${name}: \${{ inputs.${name} }}`),
    ]),
  ].join('\n')}\n`;
}

/** Workflows that people write; a forge finds their copies. */
const COPIED = [
  'container.yml',
  'pipeline.yml',
  'operate.yml',
  'tasks/drift.yml',
  'tasks/update.yml',
  'tasks/backup.yml',
  'tasks/images.yml',
];

/** File → what it has to hold. */
export function written(): ReadonlyMap<string, string> {
  const composite = compositeYaml();
  return new Map([
    ...[...ACTIONS, FLEET].flatMap((action): [string, string][] => [
      [`actions/${action.name}/action.yml`, actionYaml(action)],
      [`actions/${action.name}/README.md`, actionReadme(action)],
    ]),
    ['workflows/action.yml', composite],
    ['.gitea/workflows/action.yml', composite],
    ...COPIED.map((file): [string, string] => [
      `.gitea/workflows/${file}`,
      readFileSync(join(ROOT, 'workflows', file), 'utf8'),
    ]),
    ['docs/settings.md', settingsPage()],
    ['docs/definition.md', definitionPage(readFileSync(join(ROOT, 'docs', 'example', 'container.yml'), 'utf8'))],
    ['schemas/container.schema.json', definitionSchemaText()],
  ]);
}

function settingsPage(): string {
  return `${[
    '# Settings',
    '',
    'Everything that belongs to a site and not to a container. Each value is looked for in this order, the first one counts:',
    '',
    '1. options of the command line, inputs of an action;',
    '2. the environment;',
    '3. one JSON file, the first that is there: `--config`, `PVE_GITOPS_CONFIG`, `local/config.json` (command line only),',
    '   `/etc/pve-gitops/config.json`;',
    '4. the default.',
    '',
    'Secrets have no option: arguments can be read by every user of a machine. `LOGIN` and `PASSWORD` are logins of the site, handed to',
    'configure scripts; they are never those of Proxmox VE.',
    '',
    settingsTable().trim(),
    '',
    '## Several API hosts',
    '',
    'Each node of a cluster answers for all of it. `proxmox.host` takes several; the first is asked, and the next one when it does not answer (refused, no',
    'route, silence). A read is asked again elsewhere; a write only when it has certainly not been sent. The host that answered is stayed with. A',
    'certificate that is not trusted is never passed over: it is an error that names the host.',
    '',
    '```json',
    '{',
    '  "proxmox": {',
    '    "host": ["pve1.home", "pve2.home:8006"],',
    '    "fingerprint": { "pve1.home": "AA:BB:…", "pve2.home": "CC:DD:…" }',
    '  }',
    '}',
    '```',
    '',
    'One fingerprint counts for every host, several count in the order of the hosts. In the environment: `PROXMOX_HOST=pve1.home,pve2.home`,',
    '`PROXMOX_FINGERPRINT=pve1.home=AA:…,pve2.home=CC:…`. A host without a fingerprint is verified by the public CAs; with the cluster’s own CA,',
    '`proxmox.ca_file` (`/etc/pve/pve-root-ca.pem`) serves all of them. `pve-gitops setup` writes all this, `pve-gitops doctor` checks it.',
  ].join('\n')}\n`;
}

export async function stale(): Promise<string[]> {
  const files = [...written()];
  const texts = await Promise.all(files.map(([file]) => readFile(join(ROOT, file), 'utf8').catch(() => '')));
  return files.filter(([, text], index) => texts[index] !== text).map(([file]) => file);
}

if (process.argv[1]?.endsWith('describe.js') === true) {
  const old = await stale();
  const check = process.argv.includes('--check');
  const due = check ? [] : [...written()].filter(([file]) => old.includes(file));
  for (const [file, text] of due) {
    await mkdir(dirname(join(ROOT, file)), { recursive: true });
    await writeFile(join(ROOT, file), text);
  }
  for (const file of old) console.log(check ? `stale: ${file}; run npm run docs` : `written: ${file}`);
  process.exitCode = check && old.length > 0 ? 1 : 0;
}
