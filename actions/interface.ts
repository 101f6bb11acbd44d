import { settingNames, settingRows } from '../src/settings/table.ts';

/** What an action takes and gives: the source of action.yml, of the actions' READMEs and of the composite. */
export interface ActionInterface {
  readonly name: string;
  readonly description: string;
  readonly inputs: Readonly<Record<string, Input>>;
  readonly outputs: Readonly<Record<string, string>>;
  /** It has a part that runs after all else of the job, also when that was cancelled. */
  readonly post?: true;
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

const MODES = 'plan, deploy, configure, rebuild, snapshot, rollback or destroy';
/** What every action takes beside the settings. */
export const COMMON: Readonly<Record<string, Input>> = {
  token: {
    description: 'Token for the forge: to check the repository out, to set statuses and comments',
    default: '${{ github.token }}',
  },
  secrets: { description: 'Secrets of definitions as one JSON object, ${{ toJSON(secrets) }}: SECRET_… of it is used' },
};
/** Of container-configuration, for rollbacks. */
export const ROLLBACK: Readonly<Record<string, Input>> = {
  to: { description: 'rollback: the commit to go back to; empty: the state before' },
  'with-data': { description: 'rollback: true takes volumes back too, and loses what was written since' },
};

const desired: Input = { description: 'Output desired of container-init', required: true };
const mode: Input = { description: 'Output mode of container-init' };
const directory: Input = { description: 'Output directory of container-init' };

export const ACTIONS: readonly ActionInterface[] = [
  {
    name: 'container-init',
    description:
      'Check out a container repository, read its definition, resolve what shall be. Never touches Proxmox VE.',
    inputs: {
      repo: { description: 'Container repository, owner/name', default: '${{ github.repository }}' },
      ref: { description: 'Branch; it decides what happens', default: '${{ github.ref_name }}' },
      branch: { description: 'The same, as workflows of Proxmox-GitOps call it; it counts over ref' },
      cache_bust: { description: 'Accepted and without effect: action caches are keyed by the uses line alone' },
      mode: { description: `${MODES}; empty: the branch decides` },
      stage: { description: 'Stage of the definition; empty: the branch decides' },
      path: { description: 'Directory of the definition within the repository' },
      ...COMMON,
      ...SETTING_INPUTS,
    },
    post: true,
    outputs: {
      desired: 'What shall be, as JSON, without secrets',
      directory: 'Where the definition was checked out to',
      mode: MODES,
      stage: 'Stage of the definition',
      commit: 'Commit that was checked out',
    },
  },
  {
    name: 'container-default',
    description:
      'Observe, plan, apply: create, change and start the container, and give it its baseline. Runs no service code.',
    inputs: { desired, directory, mode, ...COMMON, ...SETTING_INPUTS },
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
      ...ROLLBACK,
      ...COMMON,
      ...SETTING_INPUTS,
    },
    outputs: { outcome: 'planned, done or failed', urls: 'Addresses of the services, blank-separated' },
  },
];

/** Not a stretch of one container's flow: what is done for all of them. */
export const FLEET: ActionInterface = {
  name: 'fleet',
  description:
    'For every container of the site: drift (report only), update (packages), backup. And the base images they are cloned from.',
  inputs: {
    task: { description: 'drift, update, backup or images', required: true },
    only: { description: 'Names of containers, blank-separated; empty: all' },
    keep: { description: 'backup: how many of ours stay per container (3)' },
    storage: { description: 'backup: where to (the one with the most room)' },
    'without-way-back': { description: 'update: true upgrades also what could not be taken back' },
    ...COMMON,
    ...SETTING_INPUTS,
  },
  outputs: {},
};
