import type { Administration, Inspection } from '../model/administration.ts';
import { GitopsError } from '../model/errors.ts';
import type { HostState } from '../model/inspection.ts';
import type { Call } from '../model/ports.ts';
import type { Settings } from '../model/settings.ts';
import { type Wish, wishOf } from './wish.ts';

/** A host as settings name it, with the certificate that it was verified by. */
export interface VerifiedHost {
  readonly host: string;
  readonly fingerprint?: string;
}

export interface Survey {
  readonly wish: Wish;
  readonly release: string;
  readonly hosts: readonly VerifiedHost[];
  /** Node for new containers; undefined: any of the cluster. */
  readonly node: string | undefined;
}

export interface SurveyPorts {
  readonly administration: Administration;
  /** Over the API; on the node itself there is no connection to look at. */
  readonly inspection?: Inspection;
}

export interface SurveyInput {
  readonly settings: Settings;
  readonly token: string;
  readonly storages: readonly string[];
  readonly call: Call;
}

/** Looks before anything is made: hosts and their certificates, version, and whether what settings name is there. */
export async function survey(ports: SurveyPorts, { settings, token, storages, call }: SurveyInput): Promise<Survey> {
  const { administration, inspection } = ports;
  const written = settings.connection.hosts;
  const hosts =
    inspection === undefined
      ? await ownHost(administration, written, call)
      : verified(written, await inspection.hosts(call));
  const release = await administration.release(call);
  const nodes = await administration.nodes(call);
  const node = settings.connection.node ?? (nodes.length === 1 ? nodes[0]?.node : undefined);
  if (node !== undefined && !nodes.some((entry) => entry.node === node)) {
    throw missing(
      `node ${node}`,
      nodes.map((entry) => entry.node),
      '--proxmox-node',
    );
  }
  await checkStorages(administration, settings, storages, call);
  const bridge = settings.network.bridge;
  const bridges = await administration.bridges(node ?? nodes[0]?.node ?? '', call);
  const found = bridges.find(({ name }) => name === bridge);
  if (found === undefined)
    throw missing(
      `bridge ${bridge}`,
      bridges.map(({ name }) => name),
      '--network-bridge',
    );
  const major = Number(/^\d+/.exec(release)?.[0] ?? 9);
  const wish = wishOf({ settings, token, major, storages, zone: found.zone ?? 'localnetwork' });
  return { wish, release, hosts, node };
}

async function checkStorages(
  administration: Administration,
  { storage, templateStorage }: Settings,
  more: readonly string[],
  call: Call,
): Promise<void> {
  const all = await administration.storages(call);
  const taking = (content: string): readonly string[] =>
    all.filter((entry) => entry.content.includes(content)).map((entry) => entry.storage);
  if (!taking('rootdir').includes(storage)) {
    throw missing(`storage ${storage} for disks of containers`, taking('rootdir'), '--proxmox-storage');
  }
  if (!taking('vztmpl').includes(templateStorage)) {
    throw missing(`storage ${templateStorage} for templates`, taking('vztmpl'), '--proxmox-template-storage');
  }
  const known = all.map((entry) => entry.storage);
  const unknown = more.find((name) => !known.includes(name));
  if (unknown !== undefined) throw missing(`storage ${unknown}`, known, '--also-storage');
}

function missing(what: string, known: readonly string[], option: string): GitopsError {
  return new GitopsError('user', `Unable to set up: there is no ${what} on this server`, {
    advice: [known.length === 0 ? 'make one first' : `there are: ${known.join(', ')}; say which with ${option}`],
  });
}

/** On the node itself: its address, and its own certificate as its own files have it. */
async function ownHost(
  administration: Administration,
  written: readonly string[],
  call: Call,
): Promise<readonly VerifiedHost[]> {
  const self = await administration.self(call);
  const fingerprint = (await administration.nodes(call)).find(({ node }) => node === self?.node)?.fingerprint;
  const host = written[0] ?? self?.address;
  if (host === undefined) {
    throw new GitopsError('user', 'Unable to set up: this node does not know its own address', {
      advice: ['say under which name it is reached: --proxmox-host'],
    });
  }
  return [{ host, ...(fingerprint === undefined ? {} : { fingerprint }) }];
}

function verified(written: readonly string[], states: readonly HostState[]): readonly VerifiedHost[] {
  for (const state of states) if (state.kind === 'untrusted') throw unknownCertificate(state);
  const answers = states.find(({ kind }) => kind === 'answers');
  if (answers === undefined) {
    const reasons = states.map((state) => `${state.host}: ${state.kind === 'silent' ? state.reason : ''}`);
    throw new GitopsError('remote', `Unable to set up: no Proxmox VE host answers: ${reasons.join('; ')}`);
  }
  if (answers.kind === 'answers' && answers.refusal !== undefined) {
    throw new GitopsError('remote', `Unable to set up: ${answers.host} refuses the login: ${answers.refusal}`, {
      advice: ['setup needs a login that may make roles, users and pools: root@pam (PROXMOX_USER, PROXMOX_PASSWORD)'],
    });
  }
  return written.map((host, index) => {
    const state = states[index];
    const fingerprint = state?.kind === 'answers' ? state.fingerprint : undefined;
    return { host, ...(fingerprint === undefined ? {} : { fingerprint }) };
  });
}

function unknownCertificate({ host, reason, fingerprint }: Extract<HostState, { kind: 'untrusted' }>): GitopsError {
  const message = `Unable to set up: the certificate of ${host} is not trusted: ${reason}`;
  if (fingerprint === undefined) {
    return new GitopsError('remote', message, { advice: ['give the CA that signed it: --proxmox-ca-file'] });
  }
  return new GitopsError('remote', message, {
    advice: [
      `its SHA-256 fingerprint is ${fingerprint}`,
      'compare it with the Proxmox VE GUI: node → System → Certificates, or on the node: pvenode cert info',
      `only if it is the same, accept it: --fingerprint ${fingerprint}   (of several hosts: --fingerprint HOST=…,HOST=…)`,
    ],
  });
}
