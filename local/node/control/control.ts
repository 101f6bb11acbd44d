import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { SimulatedBackend } from '../backend/simulated/simulated-backend.ts';
import { printConfig } from '../guests/config.ts';
import { freezeStatistics } from '../guests/status.ts';
import { ApiError, type Json } from '../http/answer.ts';
import { putContainer, removeContainer, setRunning, valuesOf, vmidOf } from './containers.ts';
import { parseFault } from './faults.ts';
import type { ControlRequest, ControlState } from './gate.ts';

type ControlHandler = (state: ControlState, request: ControlRequest) => Json | Promise<Json>;

function simulated({ core }: ControlState): SimulatedBackend {
  if (core.backend.kind !== 'simulated') throw new ApiError(501, 'only the simulated back end can do this');
  return core.backend as SimulatedBackend;
}

function text(request: ControlRequest, key: string): string {
  const value = request.body[key] ?? request.query.get(key);
  if (typeof value !== 'string') throw new ApiError(400, `'${key}' is missing`);
  return value;
}

function setLock({ core }: ControlState, vmid: number, lock: string | undefined): void {
  const { config } = core.guests.read('lxc', vmid);
  if (lock === undefined) delete config.values.lock;
  else config.values.lock = lock;
  core.guests.write('lxc', vmid, config);
}

function setQuorum({ core }: ControlState, quorate: boolean): void {
  core.cluster.quorate = quorate;
  core.guests.readOnly = !quorate;
}

async function addFault(state: ControlState, request: ControlRequest): Promise<Json> {
  const { fault, match } = parseFault(request.body);
  const added = state.faults.add(fault, match);
  if (fault.kind === 'lock') setLock(state, fault.vmid, fault.lock);
  if (fault.kind === 'flock' && match.task === undefined)
    state.held.set(added.id, await state.core.locks.acquire(fault.vmid));
  if (fault.kind === 'no-quorum') setQuorum(state, false);
  if (fault.kind === 'storage-full') state.core.volumes.full.add(fault.storage);
  return { id: added.id };
}

function takeFault(state: ControlState, id: string): void {
  const fault = state.faults.remove(id)?.fault;
  state.held.get(id)?.();
  state.held.delete(id);
  if (fault?.kind === 'lock' && state.core.guests.has('lxc', fault.vmid)) setLock(state, fault.vmid, undefined);
  if (fault?.kind === 'no-quorum') setQuorum(state, true);
  if (fault?.kind === 'storage-full') state.core.volumes.full.delete(fault.storage);
}

/** Scripts that change the root file system; what else is run only looks. */
const WRITES: ReadonlySet<string> = new Set(['baseline', 'configure.sh', 'cinc', 'ansible']);

/** The container's root file system remembers the last of each: what it is configured with can be told from it. */
function noteRun(state: ControlState, vmid: number, name: string, given: string): void {
  const rootfs = state.core.guests.read('lxc', vmid).config.values.rootfs?.split(',')[0] ?? '';
  writeContent(state, rootfs, name, createHash('sha256').update(given).digest('hex').slice(0, 16));
}

function writeContent(state: ControlState, volid: string, path: string, words: string): null {
  simulated(state).model.update((value) => {
    const volume = value.volumes[volid];
    if (volume === undefined) throw new ApiError(400, `no volume '${volid}'`);
    value.volumes[volid] = { ...volume, content: { ...volume.content, [path]: words } };
  });
  return null;
}

function exec(state: ControlState, request: ControlRequest): Json {
  const { model } = simulated(state);
  const vmid = vmidOf(request);
  const name = text(request, 'name');
  if (model.value.running[vmid] === undefined) throw new ApiError(503, `container ${vmid} is not running`);
  const argv = Array.isArray(request.body.argv) ? request.body.argv.map(String) : [];
  const input = typeof request.body.input === 'string' ? request.body.input : '';
  const before = state.commands.get(vmid) ?? [];
  before.push({ name, argv, input });
  state.commands.set(vmid, before);
  if (WRITES.has(name)) noteRun(state, vmid, name, [...argv, input].join('\0'));
  const { times, ...answer } = model.value.answers[name] ?? { exitCode: 0, stdout: '', stderr: '' };
  if (times !== undefined) {
    model.update(({ answers }) => {
      if (times > 1) answers[name] = { ...answer, times: times - 1 };
      else delete answers[name];
    });
  }
  return answer;
}

function program(state: ControlState, request: ControlRequest): Json {
  const { exitCode, stdout, stderr, times } = request.body;
  simulated(state).model.update((value) => {
    value.answers[text(request, 'name')] = {
      exitCode: typeof exitCode === 'number' ? exitCode : 0,
      stdout: typeof stdout === 'string' ? stdout : '',
      stderr: typeof stderr === 'string' ? stderr : '',
      ...(typeof times === 'number' ? { times } : {}),
    };
  });
  return null;
}

/** A file on a storage: a template or an archive. Without bytes it looks like a zstd archive. */
function putFile({ core }: ControlState, request: ControlRequest): Json {
  const path = core.storages.filePath({ storage: text(request, 'storage'), name: text(request, 'name') });
  const { bytes } = request.body;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : Buffer.from('KLUv/QAAAAA=', 'base64'));
  return null;
}

/** Takes away the files of a storage whose names begin so. */
function deleteFiles({ core }: ControlState, request: ControlRequest): Json {
  const [storage, prefix] = [text(request, 'storage'), text(request, 'name')];
  const kinds = (['iso', 'vztmpl', 'backup', 'snippets'] as const).flatMap((kind) =>
    core.storages.files(storage, kind),
  );
  const found = kinds.filter(({ name }) => name.startsWith(prefix));
  for (const { name } of found) {
    const file = core.storages.filePath({ storage, name });
    for (const end of ['', '.notes', '.protected']) rmSync(`${file}${end}`, { force: true });
  }
  return found.length;
}

/** A task that ended before, as `type`, `id`, `user`, `exitstatus` and `starttime` in seconds say. */
function putTask({ core }: ControlState, request: ControlRequest): Json {
  const words = { type: text(request, 'type'), id: text(request, 'id'), user: text(request, 'user') };
  const starttime = Number(request.body.starttime);
  const parts = { node: core.profile.node, pid: 1000, pstart: 1000, starttime, ...words };
  core.tasks.add(parts, text(request, 'exitstatus'));
  return null;
}

/** `port` of this machine leads to port `to` at `address`. */
async function setForward({ forwards }: ControlState, request: ControlRequest): Promise<Json> {
  const [port, to] = [Number(request.body.port), Number(request.body.to)];
  for (const number of [port, to]) {
    if (!Number.isInteger(number) || number < 1 || number > 65_535) throw new ApiError(400, 'no port');
  }
  await forwards.set({ port, address: text(request, 'address'), to });
  return null;
}

/** `METHOD name` → what it does; docs are in the types of the bodies. */
export const controlRoutes: Readonly<Record<string, ControlHandler>> = {
  'GET forwards': ({ forwards }) => forwards.all() as unknown as Json,
  'PUT forwards': setForward,
  'DELETE forwards': async ({ forwards }, { path }) => {
    await forwards.remove(Number(path));
    return null;
  },
  'GET calls': ({ calls }) => Object.fromEntries([...calls].sort(([a], [b]) => (a < b ? -1 : 1))),
  'DELETE calls': ({ calls }) => {
    calls.clear();
    return null;
  },
  'GET faults': ({ faults }) => faults.all() as unknown as Json,
  'POST faults': addFault,
  'DELETE faults': (state, { path }) => {
    for (const id of path === '' ? state.faults.all().map((fault) => fault.id) : [path]) takeFault(state, id);
    return null;
  },
  'PUT lock': (state, request) => {
    const { lock } = request.body;
    setLock(state, vmidOf(request), typeof lock === 'string' ? lock : undefined);
    return null;
  },
  // `nodes`: names of other members of the cluster
  'PUT members': ({ core }, { body }) => {
    if (core.backend.kind !== 'simulated') throw new ApiError(400, 'only a simulated node has other members');
    core.members.update((value) => {
      value.nodes = Array.isArray(body.nodes) ? body.nodes.map(String) : [];
    });
    return null;
  },
  'PUT quorum': (state, { body }) => {
    setQuorum(state, body.quorate !== false);
    return null;
  },
  'PUT statistics': async ({ core }, { body }) => {
    await freezeStatistics(core, body.frozen === true);
    return null;
  },
  'PUT qemu': ({ core }, request) => {
    const values = { memory: '512', ...valuesOf(request, 'config') };
    core.guests.writeText('qemu', vmidOf(request), printConfig({ values, raw: [], pending: {}, snapshots: {} }));
    return null;
  },
  'DELETE qemu': ({ core }, request) => {
    core.guests.remove('qemu', vmidOf(request));
    return null;
  },
  'PUT lxc': putContainer,
  'DELETE lxc': removeContainer,
  'PUT running': setRunning,
  'PUT file': putFile,
  'DELETE files': deleteFiles,
  'PUT task': putTask,
  'PUT capacity': (state, request) => {
    simulated(state).model.update((value) => {
      value.capacity[text(request, 'storage')] = Number(request.body.bytes);
    });
    return null;
  },
  // `key` and `text`: adding it to a running container fails; without text it works again
  'PUT hotplug': (state, request) => {
    simulated(state).model.update((value) => {
      if (typeof request.body.text === 'string') value.hotplug[text(request, 'key')] = request.body.text;
      else delete value.hotplug[text(request, 'key')];
    });
    return null;
  },
  // `path` and `text`: a file in a volume
  'PUT content': (state, request) =>
    writeContent(state, text(request, 'volid'), text(request, 'path'), text(request, 'text')),
  'GET content': (state, request) => ({
    ...simulated(state).model.value.volumes[text(request, 'volid')]?.content,
  }),
  'PUT directories': (state, request) => {
    const list = request.body.directories;
    simulated(state).model.update((value) => {
      if (Array.isArray(list)) value.directories = list.map(String);
      else delete value.directories;
    });
    return null;
  },
  'POST exec': exec,
  'GET exec': (state, request) =>
    (state.commands.get(vmidOf(request)) ?? []).map(({ name, argv, input }) => ({ name, argv, input })),
  'PUT answers': program,
  'DELETE answers': (state, { path, query }) => {
    simulated(state).model.update((value) => {
      delete value.answers[path === '' ? (query.get('name') ?? '') : path];
    });
    return null;
  },
};
