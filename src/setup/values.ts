import type { Settings, Trust } from '../model/settings.ts';
import type { ConfigValue } from './config-file.ts';
import type { VerifiedHost } from './survey.ts';
import type { Wish } from './wish.ts';

export interface ValuesInput {
  readonly settings: Settings;
  readonly wish: Wish;
  readonly hosts: readonly VerifiedHost[];
  /** The node's own word, through its own command: then the fingerprint is right although settings know none. */
  readonly onNode: boolean;
  /** Node for new containers; undefined: any. */
  readonly node: string | undefined;
  /** The file names a CA already, which outlives the certificates of nodes. */
  readonly caFile: boolean;
}

/** What goes into the settings file beside the token's secret. */
export function configValues({
  settings,
  wish,
  hosts,
  node,
  caFile,
  onNode,
}: ValuesInput): Readonly<Record<string, ConfigValue>> {
  const names = hosts.map(({ host }) => host);
  const [first = ''] = names;
  const pins = caFile ? undefined : fingerprintsOf(settings, hosts, onNode);
  return {
    'proxmox.host': names.length === 1 ? first : names,
    ...(settings.connection.port === 8006 ? {} : { 'proxmox.port': settings.connection.port }),
    ...(pins === undefined ? {} : { 'proxmox.fingerprint': pins }),
    'proxmox.token_id': wish.token,
    ...(node === undefined ? {} : { 'proxmox.node': node }),
    'proxmox.storage': settings.storage,
    'proxmox.template_storage': settings.templateStorage,
    'proxmox.pool': wish.pool,
    'network.bridge': settings.network.bridge,
  };
}

/** A certificate that public CAs vouch for is renewed every few weeks, so that its fingerprint would be of no use. */
function fingerprintsOf(
  { connection }: Settings,
  hosts: readonly VerifiedHost[],
  onNode: boolean,
): ConfigValue | undefined {
  const { trust } = connection;
  if (trust.kind === 'system' && !onNode) return undefined;
  const pinned = hosts.filter(({ host }) => trust.kind !== 'fingerprints' || trust.byHost[host] !== undefined);
  const known = pinned.flatMap(({ host, fingerprint }) => {
    const sha256 = fingerprint ?? givenFor(trust, host);
    return sha256 === undefined ? [] : [[host, sha256] as const];
  });
  const [first] = known;
  if (first === undefined) return undefined;
  const same = hosts.length === known.length && known.every(([, fingerprint]) => fingerprint === first[1]);
  return same ? first[1] : Object.fromEntries(known);
}

/** What settings say of a host that could not be reached: it stays so. */
function givenFor(trust: Trust, host: string): string | undefined {
  if (trust.kind === 'fingerprint') return trust.sha256;
  return trust.kind === 'fingerprints' ? trust.byHost[host] : undefined;
}
