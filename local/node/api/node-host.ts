import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { arch, release } from 'node:os';
import type { Core } from '../core.ts';
import { assertUnmodified } from '../guests/update.ts';
import type { Json } from '../http/answer.ts';
import { type Call, Page, type Routes } from './call.ts';
import { versionOf } from './version.ts';

/** What Proxmox VE asks systemd for; those that this program stands for do run. */
const SERVICES =
  'chrony corosync cron ksmtuned postfix pve-cluster pve-firewall pve-ha-crm pve-ha-lrm pvedaemon pvefw-logger ' +
  'pveproxy pvescheduler pvestatd spiceproxy sshd syslog systemd-journald systemd-timesyncd';
const OURS = new Set(['pve-cluster', 'pvedaemon', 'pveproxy', 'pvescheduler', 'pvestatd']);

/** On the node of the recordings all of them ran (row 103). */
function serviceEntry({ profile }: Core, service: string): { readonly [key: string]: Json } {
  const state =
    profile.name === 'recorded' || OURS.has(service)
      ? { state: 'running', 'active-state': 'active', 'unit-state': 'enabled' }
      : { state: 'dead', 'active-state': 'inactive', 'unit-state': 'not-found' };
  return { service, name: service, desc: service === 'postfix' ? 'postfix@-' : service, ...state };
}

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex');

function setHosts(call: Call): Json {
  const { settings } = call.core;
  assertUnmodified(call.text('digest'), sha1(settings.value.hosts));
  settings.update((value) => {
    value.hosts = call.required('data').replace(/\n?$/, '\n');
  });
  return null;
}

const NUMBERS = new Set(['startall-onboot-delay', 'ballooning-target']);

/** What a node is called and how it behaves: kept and given back. */
function config(call: Call): Json {
  const { config: values } = call.core.settings.value;
  const only = call.text('property');
  const entries = Object.entries(values)
    .filter(([key]) => only === undefined || key === only)
    .map(([key, value]): [string, Json] => [key, NUMBERS.has(key) ? Number(value) : value]);
  const digest = only !== undefined || entries.length === 0 ? {} : { digest: sha1(JSON.stringify(values)) };
  return { ...Object.fromEntries(entries), ...digest };
}

function setConfig(call: Call): Json {
  const { settings } = call.core;
  assertUnmodified(call.text('digest'), sha1(JSON.stringify(settings.value.config)));
  const names = Object.keys(call.parameters).filter((name) => !['node', 'digest', 'delete'].includes(name));
  settings.update((value) => {
    for (const name of names) value.config[name] = call.required(name);
    for (const name of call.list('delete')) delete value.config[name];
  });
  return null;
}

/** The node's own log; a real one shows the machine's journal. */
function logLines(core: Core): readonly string[] {
  const { logFile } = core;
  return existsSync(logFile) ? readFileSync(logFile, 'utf8').trimEnd().split('\n') : [];
}

function syslog(call: Call): Page {
  const all = logLines(call.core);
  const [start, limit] = [call.number('start') ?? 0, call.number('limit') || 50];
  const lines = all.slice(start, start + limit).map((t, index) => ({ n: start + index + 1, t }));
  return all.length === 0 ? new Page([{ n: 1, t: 'no content' }], 1) : new Page(lines, all.length);
}

/** Proxmox VE's own packages, as far as this program stands for them. */
function packages({ core }: Call): Json {
  const version = String(versionOf(core.release).version);
  const common = {
    Arch: 'amd64',
    Origin: 'Proxmox',
    Priority: 'optional',
    Section: 'admin',
    CurrentState: 'Installed',
  };
  const entry = (name: string, title: string): { readonly [key: string]: Json } => ({
    ...{ ...common, Package: name, Title: title, Description: title, Version: version, OldVersion: version },
  });
  return [
    { ...entry('proxmox-ve', 'Proxmox Virtual Environment'), RunningKernel: release() },
    {
      ...entry('pve-manager', 'Proxmox Virtual Environment Management Tools'),
      ManagerVersion: `pve-manager/${version}`,
    },
  ];
}

async function report({ core }: Call): Promise<Json> {
  const { node, address } = core.profile;
  const { version, repoid } = versionOf(core.release);
  return [
    '==== general system info ====',
    `# hostname\n${node}`,
    `# pveversion --verbose\npve-manager: ${String(version)}/${String(repoid)} (running kernel: ${release()})`,
    `# cat /etc/hosts\n${core.settings.value.hosts}`,
    `# uname -m\n${arch()}`,
    '==== overall system load info ====',
    `# ip address\n${address}`,
    '',
  ].join('\n\n');
}

/** Traffic of each guest's interfaces, seen from the host. */
async function netstat({ core }: Call): Promise<Json> {
  const states = await Promise.all(
    core.guests.ids('lxc').map(async (vmid) => ({ vmid, state: await core.backend.state(vmid) })),
  );
  return states.flatMap(({ vmid, state: { running, netIn, netOut } }) =>
    running ? [{ vmid: String(vmid), dev: 'net0', in: String(netIn), out: String(netOut) }] : [],
  );
}

function subscription({ core }: Call): Json {
  return {
    message: 'There is no subscription key',
    serverid: createHash('md5').update(core.fingerprint).digest('hex').toUpperCase(),
    status: 'notfound',
    url: 'https://www.proxmox.com/en/proxmox-virtual-environment/pricing',
  };
}

export const nodeHostRoutes: Routes = {
  'GET /nodes/{node}/hosts': ({ core }) => {
    const { hosts } = core.settings.value;
    return { data: hosts, digest: sha1(hosts) };
  },
  'POST /nodes/{node}/hosts': setHosts,
  'GET /nodes/{node}/config': config,
  'PUT /nodes/{node}/config': setConfig,
  'GET /nodes/{node}/syslog': syslog,
  'GET /nodes/{node}/journal': ({ core }) => logLines(core),
  'GET /nodes/{node}/services': ({ core }) => SERVICES.split(' ').map((name) => serviceEntry(core, name)),
  'GET /nodes/{node}/services/{service}/state': (call) => serviceEntry(call.core, call.required('service')),
  'GET /nodes/{node}/apt/versions': packages,
  'GET /nodes/{node}/report': report,
  'GET /nodes/{node}/netstat': netstat,
  'GET /nodes/{node}/subscription': subscription,
};
