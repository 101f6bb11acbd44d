import { apiHost, tokenId, user } from './address.ts';
import { candidateAddresses } from './candidate-addresses.ts';
import { cincChecksums } from './cinc.ts';
import { fingerprints } from './fingerprint.ts';
import {
  anyText,
  integer,
  ipv4,
  listOf,
  oneOf,
  type Parse,
  publicKey,
  range16,
  textOf,
  timezone,
  yesOrNo,
} from './values.ts';

/** One setting: every way to give it, how it is read, and what the documentation says of it. */
export interface SettingRow<T> {
  /** Name in logs, and the path in the JSON file. */
  readonly key: string;
  /** Action input, and with `--` before it the option of the CLI. */
  readonly input: string;
  readonly environment: string;
  readonly secret: boolean;
  /** Several values: text is split at it, and a JSON list is joined with it. */
  readonly separator?: ',' | '\n';
  /** A JSON object is taken too; its entries are joined as `key=value`. */
  readonly object?: boolean;
  /** As a person would write it. */
  readonly default?: string;
  readonly description: string;
  readonly parse: Parse<T>;
}

interface RowOptions {
  readonly environment?: string;
  readonly secret?: boolean;
  readonly separator?: ',' | '\n';
  readonly object?: boolean;
  readonly default?: string;
}

/** Names follow from the key, so that one who knows one of them knows all. */
function row<T>(key: string, description: string, parse: Parse<T>, options: RowOptions = {}): SettingRow<T> {
  const words = key.replaceAll('.', '_').toUpperCase();
  return {
    key,
    input: key.replaceAll(/[._]/g, '-'),
    environment: options.environment ?? (key.startsWith('proxmox.') ? words : `PVE_GITOPS_${words}`),
    secret: options.secret ?? false,
    description,
    parse,
    ...(options.separator === undefined ? {} : { separator: options.separator }),
    ...(options.object === undefined ? {} : { object: options.object }),
    ...(options.default === undefined ? {} : { default: options.default }),
  };
}

const nodeName = textOf(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i, 'the name of a node, such as pve');
const storage = textOf(/^[a-z][a-z0-9_.-]*[a-z0-9]$/i, 'the name of a storage, such as local-lvm');
const bridge = textOf(/^[a-z][\w.-]{1,14}$/i, 'the name of a bridge, such as vmbr0');
const interfaceName = textOf(/^[a-z][\w.-]{1,14}$/i, 'the name of a network interface, such as eth0');
const domain = textOf(/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/i, 'a domain, such as home.example');
const locale = textOf(/^(?:C|[a-z]{2,3}_[A-Z]{2}(?:@[a-z]+)?)\.UTF-8$/, 'a UTF-8 locale such as en_US.UTF-8');
const share = textOf(
  /^(?:\/\/[a-z0-9][a-z0-9.-]*\/[\w.-]+|\/(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\s,:]*)$/i,
  '//host/name or an absolute path',
);
const anyPath = textOf(/^\/\P{Cc}*$/u, 'an absolute path');
const pool = textOf(/^[\w.-]+(?:\/[\w.-]+){0,2}$/, 'the name of a pool, such as gitops');
const word = textOf(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, 'lower-case letters, digits and hyphens');
const noBlanks = textOf(/^\S+$/, 'text without blanks');
const https = textOf(/^https:\/\/[^\s@]+$/, 'an https address');
const nameservers: Parse<string> = (text) => {
  const parsed = listOf(',', ipv4)(text.replaceAll(/\s+/g, ','));
  return 'wrong' in parsed ? parsed : { value: parsed.value.join(' ') };
};

/** All settings, in the order of the documentation. */
export const settingRows = {
  hosts: row(
    'proxmox.host',
    'Proxmox VE: host, host:port or https://host:port; several by comma (JSON: or a list), the next is asked when one does not answer',
    listOf(',', apiHost),
    { separator: ',' },
  ),
  port: row('proxmox.port', 'Port of the API', integer(1, 65535), { default: '8006' }),
  node: row('proxmox.node', 'Node for new containers; without it the only one, or the one that answers', nodeName),
  tokenId: row('proxmox.token_id', 'API token, user@realm!name', tokenId),
  tokenSecret: row('proxmox.token_secret', 'Secret of the API token', noBlanks, { secret: true }),
  user: row(
    'proxmox.user',
    'User with realm, where no token is given, or for calls that Proxmox VE reserves to root@pam',
    user,
  ),
  proxmoxPassword: row('proxmox.password', 'Password of that user', anyText, { secret: true }),
  fingerprint: row(
    'proxmox.fingerprint',
    'SHA-256 fingerprint of the API certificate; of several hosts one each by comma in their order, or host=fingerprint (JSON: an object)',
    fingerprints,
    { separator: ',', object: true },
  ),
  caFile: row(
    'proxmox.ca_file',
    'File with the CA certificate of the API; beside the JSON file when relative',
    anyText,
  ),
  storage: row('proxmox.storage', 'Storage for disks of definitions that name none', storage, { default: 'local-lvm' }),
  templateStorage: row('proxmox.template_storage', 'Storage for templates', storage, { default: 'local' }),
  pool: row('proxmox.pool', 'Pool of containers whose definition names none', pool),
  bridge: row('network.bridge', 'Bridge of containers', bridge, { default: 'vmbr0' }),
  interface: row('network.interface', 'Name of the network interface inside containers', interfaceName, {
    default: 'eth0',
  }),
  prefix: row('network.prefix', 'Prefix length for an IP without one', integer(1, 32), { default: '24' }),
  gateway: row('network.gateway', 'Gateway of containers with a static address', ipv4),
  nameserver: row('network.nameserver', 'Name servers by comma; without them those of the node', nameservers, {
    separator: ',',
  }),
  searchdomain: row('network.searchdomain', 'Search domain; without it that of the node', domain),
  translate: row(
    'network.translate',
    'Range of a local node, a /16: addresses of definitions are moved into it',
    range16,
  ),
  site: row('site', 'Name of this installation; part of every owner mark', word, { default: 'default' }),
  stateDirectory: row('state_directory', 'Directory for the CA key and other state', anyPath),
  vmidBase: row('vmid_base', 'Added to an ID below 100, which Proxmox VE refuses', integer(100, 999_999_000), {
    default: '1000',
  }),
  candidateVmidBase: row(
    'candidate_vmid_base',
    'Added to a vmid for the candidate that a replace builds beside the container',
    integer(1000, 999_000_000),
    { default: '900000' },
  ),
  candidateAddresses: row(
    'candidate_addresses',
    'Addresses of candidates: dhcp, IPv4 addresses and ranges by comma, or none: then a replace stops the container first',
    candidateAddresses,
    { separator: ',', default: 'dhcp' },
  ),
  images: row(
    'images',
    'Base images: off, use (clone when one is there) or build (the first container that needs one makes it)',
    oneOf(['off', 'use', 'build'] as const),
    { default: 'build' },
  ),
  imageVmidBase: row('image_vmid_base', 'The lowest vmid of base images', integer(1000, 999_000_000), {
    default: '800000',
  }),
  imageMaxAgeDays: row('image_max_age_days', 'Days after which image build makes an image anew', integer(1, 3650), {
    default: '14',
  }),
  jobVmidBase: row(
    'job_vmid_base',
    'Added to a vmid for the job, a container that is made for one run and destroyed after it',
    integer(1000, 999_000_000),
    { default: '700000' },
  ),
  ansiblePlace: row(
    'ansible.place',
    'Where playbooks run: job (a container without credentials) or target (inside the container that they configure)',
    oneOf(['job', 'target'] as const),
    { default: 'job' },
  ),
  cincMirror: row(
    'cinc.mirror',
    'Address of packages of the Cinc client, laid out as its project does; without it the project’s own',
    textOf(/^https?:\/\/[^\s@?#]+[^\s@?#/]$/, 'an address, such as https://mirror.home/cinc'),
  ),
  cincVersion: row(
    'cinc.version',
    'Version of the Cinc client, when not the one that this version knows the checksums of',
    textOf(/^\d+\.\d+\.\d+$/, 'a version, such as 19.3.14'),
  ),
  cincChecksums: row(
    'cinc.checksums',
    'SHA-256 of its packages, platform/release/architecture=sum by comma (JSON: or an object)',
    cincChecksums,
    { separator: ',', object: true },
  ),
  timezone: row('timezone', 'Time zone of containers', timezone, { default: 'Etc/UTC' }),
  locale: row('locale', 'Locale of containers', locale, { default: 'C.UTF-8' }),
  upgrade: row('upgrade', 'Upgrade all packages with the baseline', yesOrNo, { default: 'no' }),
  sshKeys: row('ssh_keys', "Operators' public SSH keys, one per line", listOf('\n', publicKey), { separator: '\n' }),
  login: row('login', 'Login of the site for configure scripts; never that of Proxmox VE', noBlanks, {
    environment: 'LOGIN',
  }),
  password: row('password', 'Password of the site for configure scripts', anyText, {
    environment: 'PASSWORD',
    secret: true,
  }),
  share: row(
    'share',
    'What MOUNT=share is where it is not the container share of this site (libs/share): //host/name by SMB with LOGIN and PASSWORD, or a directory of the node',
    share,
  ),
  stage: row('stage', 'Stage when no branch and no input says one', word),
  debug: row('debug', 'Stack traces and details', yesOrNo, { default: 'no' }),
  simulated: row('simulated.control', 'Control address of a local node that runs no containers', https),
} as const satisfies Record<string, SettingRow<unknown>>;

export type SettingName = keyof typeof settingRows;

type ValueOf<Row> = Row extends SettingRow<infer T> ? T : never;

/** Values that were given or have a default; the rest are absent. */
export type SettingValues = { readonly [Name in SettingName]?: ValueOf<(typeof settingRows)[Name]> };

export const settingNames = Object.keys(settingRows) as readonly SettingName[];
