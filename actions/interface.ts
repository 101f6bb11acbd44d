import { settingNames, settingRows } from '../src/settings/table.ts';

/** What an action takes and gives: the source of action.yml, of the actions' READMEs and of the composite. */
export interface ActionInterface {
  readonly name: string;
  readonly description: string;
  readonly inputs: Readonly<Record<string, Input>>;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface Input {
  readonly description: string;
  readonly default?: string;
  /** For people only: no runner enforces it. */
  readonly required?: boolean;
}

/** What differs from workflow to workflow or is secret; the rest of a site stands in the settings file on the runner's host. */
const HANDED_OVER = settingNames.filter((name) => {
  const { key } = settingRows[name];
  return key.startsWith('proxmox.') || ['site', 'login', 'password'].includes(key);
});

/** Settings as inputs; an empty one counts as not given. */
export const SETTING_INPUTS: Readonly<Record<string, Input>> = Object.fromEntries(
  HANDED_OVER.map((name) => [settingRows[name].input, { description: settingRows[name].description }]),
);

const desired: Input = { description: 'Output desired of container-init', required: true };
const mode: Input = { description: 'Output mode of container-init: plan, deploy or configure' };
const directory: Input = { description: 'Output directory of container-init' };

export const ACTIONS: readonly ActionInterface[] = [
  {
    name: 'container-init',
    description:
      'Check out a container repository, read its definition, resolve what shall be. Never touches Proxmox VE.',
    inputs: {
      repo: { description: 'Container repository, owner/name', default: '${{ github.repository }}' },
      ref: { description: 'Branch; it decides what happens', default: '${{ github.ref_name }}' },
      cache_bust: { description: 'Accepted and without effect: action caches are keyed by the uses line alone' },
      mode: { description: 'plan, deploy or configure; empty: the branch decides' },
      stage: { description: 'Stage of the definition; empty: the branch decides' },
      path: { description: 'Directory of the definition within the repository' },
      token: { description: 'Token to check the repository out with', default: '${{ github.token }}' },
      ...SETTING_INPUTS,
    },
    outputs: {
      desired: 'What shall be, as JSON, without secrets',
      directory: 'Where the definition was checked out to',
      mode: 'plan, deploy or configure',
      stage: 'Stage of the definition',
      commit: 'Commit that was checked out',
    },
  },
  {
    name: 'container-default',
    description:
      'Observe, plan, apply: create, change and start the container, and give it its baseline. Runs no service code.',
    inputs: { desired, directory, mode, ...SETTING_INPUTS },
    outputs: { plan: 'The plan, as JSON', target: 'live', vmid: 'The container' },
  },
  {
    name: 'container-configuration',
    description: 'Configure the container with its engine, verify it, report. Changes no resources.',
    inputs: {
      desired,
      directory,
      mode,
      target: { description: 'Output target of container-default' },
      force: { description: 'true: configure although nothing has changed' },
      ...SETTING_INPUTS,
    },
    outputs: { outcome: 'planned, done or failed', urls: 'Addresses of the services, blank-separated' },
  },
];
