import type { Definition, MountSource, Written } from '../model/definition.ts';
import type { Desired, TemplateChoice, VmidChoice } from '../model/desired.ts';
import { type Problem, ProblemsError } from '../model/errors.ts';
import type { Settings } from '../model/settings.ts';
import { type Complain, placeOf, resolveAddress } from './address.ts';
import type { Who } from './identity.ts';

/** Where no definition says more; Proxmox VE's own defaults, except that 4 GiB hold little more than Debian. */
const DEFAULTS = { memory: 512, swap: 512, disk: 8 } as const;

/** Proxmox VE's own limits. */
const VMID_MAX = 999_999_999;

const HOSTNAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/**
 * Definition and site → what shall be, the same for every server. Throws ProblemsError with every conflict at once, each
 * with the place where it was written.
 */
export function resolve(definition: Definition, settings: Settings, who: Who): Desired {
  const problems: Problem[] = [];
  const complain: Complain = (written, message, fix) => {
    problems.push({ ...placeOf(written), message, ...(fix === undefined ? {} : { fix }) });
  };
  const { network } = settings;
  const desired: Desired = {
    version: 1,
    name: who.name,
    stage: who.stage,
    owner: who.owner,
    ...(who.commit === undefined ? {} : { commit: who.commit }),
    state: definition.state?.value ?? 'present',
    vmid: vmidOf(definition, settings, complain),
    hostname: hostnameOf(definition, who, problems),
    template: templateOf(definition.template, complain),
    templateStorage: definition.template?.value.match(/^([^:]+):vztmpl\//)?.[1] ?? settings.templateStorage,
    unprivileged: definition.unprivileged?.value ?? true,
    features: { nesting: definition.nesting?.value ?? true },
    ...(definition.cores === undefined ? {} : { cores: definition.cores.value }),
    memory: definition.memory?.value ?? DEFAULTS.memory,
    swap: definition.swap?.value ?? DEFAULTS.swap,
    rootfs: definition.disk?.value ?? { storage: settings.storage, size: DEFAULTS.disk },
    onboot: definition.boot?.value ?? true,
    interfaces: [
      {
        index: 0,
        name: network.interface,
        bridge: network.translate === undefined ? (definition.bridge?.value ?? network.bridge) : network.bridge,
        ipv4: resolveAddress(definition.ip, definition.gateway, network, complain),
      },
    ],
    ...(network.nameserver === undefined ? {} : { nameserver: network.nameserver }),
    ...(network.searchdomain === undefined ? {} : { searchdomain: network.searchdomain }),
    mounts: mountsOf(definition.mounts, complain),
    baseline: {
      timezone: settings.timezone,
      locale: settings.locale,
      upgrade: settings.upgrade,
      sshKeys: settings.sshKeys,
    },
    engine: definition.engine,
    health: definition.health?.value ?? [],
  };
  if (problems.length > 0) throw new ProblemsError(`definition ${definition.directory}`, problems);
  return desired;
}

function vmidOf({ id, vmid }: Definition, settings: Settings, complain: Complain): VmidChoice {
  if (id !== undefined && vmid !== undefined) {
    complain(vmid, `stands beside ${id.key}=${id.value} in line ${id.line} of ${id.file}`, 'keep one of the two');
  }
  if (vmid !== undefined) return { kind: 'fixed', vmid: vmid.value };
  if (id === undefined) return { kind: 'lowest' };
  if (id.value >= 100) return { kind: 'fixed', vmid: id.value };
  const sum = settings.vmidBase + id.value;
  if (sum > VMID_MAX) complain(id, `with vmid_base ${settings.vmidBase} it becomes ${sum}, above ${VMID_MAX}`);
  return { kind: 'fixed', vmid: sum, id: id.value, base: settings.vmidBase };
}

/** Off stage main the stage is part of the name; on a local node there is only one stage. */
function hostnameOf({ hostname, files }: Definition, who: Who, problems: Problem[]): string {
  const base = hostname?.value ?? who.name;
  const full = ['main', 'local'].includes(who.stage) ? base : `${who.stage}-${base}`;
  if (HOSTNAME.test(full)) return full;
  const place = hostname === undefined ? { file: files[0] ?? 'definition', key: 'HOSTNAME' } : placeOf(hostname);
  const fix = 'write HOSTNAME with letters, digits and hyphens, at most 63 of them';
  problems.push({ ...place, message: `${full} is not a DNS name`, fix });
  return full;
}

function templateOf(template: Written<string> | undefined, complain: Complain): TemplateChoice {
  const text = template?.value ?? 'debian';
  if (text.includes(':')) return { kind: 'volid', volid: text };
  const match = /^([a-z]+)(?:-(\d+(?:\.\d+)?))?$/.exec(text);
  const os = match?.[1];
  if (template !== undefined && os !== 'debian') {
    complain(template, 'names no template', 'write debian, debian-12, or a volume such as local:vztmpl/NAME.tar.zst');
  }
  return { kind: 'newest', os: os ?? 'debian', ...(match?.[2] === undefined ? {} : { release: match[2] }) };
}

/** Two mounts on one path: Proxmox VE would take both and show one. */
function mountsOf(mounts: Written<readonly MountSource[]> | undefined, complain: Complain): readonly MountSource[] {
  if (mounts === undefined) return [];
  const paths = mounts.value.map((mount) => (mount.kind === 'share' ? '/share' : mount.path));
  const double = paths.find((path, index) => paths.indexOf(path) !== index);
  if (double !== undefined) complain(mounts, `mounts ${double} twice`);
  return mounts.value;
}
