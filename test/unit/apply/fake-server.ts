import type { Backups, Clones, Placement, Snapshots, Volumes } from '../../../src/model/container-ports.ts';
import { GitopsError } from '../../../src/model/errors.ts';
import type { ContainerState, TaskState } from '../../../src/model/observed.ts';
import type {
  Call,
  Clock,
  Containers,
  Event,
  Inventory,
  Keys,
  Marks,
  Reporter,
  Runs,
  SettledTask,
  Shells,
} from '../../../src/model/ports.ts';
import { volumeOf } from '../../../src/model/property-string.ts';
import { createdConfig, movedState, resizedState, startedState, updatedState } from '../plan/fake-config.ts';

/** A server in memory behind the ports: enough of Proxmox VE to see what apply does to it, and to break it on purpose. */
export class FakeServer {
  readonly containers = new Map<number, ContainerState>();
  readonly writes: string[] = [];
  readonly events: Event[] = [];
  readonly pools = new Map<number, string>();
  tasks: TaskState[] = [];
  taskLogs = new Map<string, readonly string[]>();
  time = new Date('2026-01-01T00:00:00Z');
  /** Called before each write; may throw. */
  before: (write: string) => void = () => undefined;
  /** Called after each write has happened; may throw. */
  after: (write: string) => void = () => undefined;
  private revision = 0;

  put(state: ContainerState): void {
    this.revision += 1;
    this.containers.set(state.vmid, { ...state, digest: `d${this.revision}` });
  }

  private write(name: string, act: () => void): Promise<void> {
    this.before(name);
    this.writes.push(name);
    act();
    this.after(name);
    return Promise.resolve();
  }

  private async task(name: string, vmid: number, act: () => void, log: readonly string[] = []): Promise<SettledTask> {
    const upid = `UPID:pve:${this.tasks.length}:${name}:${vmid}:`;
    await this.write(`${name} ${vmid}`, () => {
      act();
      this.tasks.unshift({ upid, type: name, vmid, user: 'root@pam', running: false, exit: 'OK', started: 0 });
      this.taskLogs.set(upid, log);
    });
    return { upid, warnings: [], log };
  }

  private get(vmid: number): ContainerState {
    const state = this.containers.get(vmid);
    if (state === undefined) throw new GitopsError('remote', `container ${vmid} does not exist`);
    return state;
  }

  private checkDigest(vmid: number, digest: string): void {
    if (this.get(vmid).digest !== digest) throw new GitopsError('busy', 'detected modified configuration');
  }

  inventory(): Inventory {
    return {
      guests: () =>
        Promise.resolve(
          [...this.containers.values()].map((state) => ({
            vmid: state.vmid,
            type: 'lxc' as const,
            node: state.node,
            name: state.config.hostname ?? '',
            status: state.running ? 'running' : 'stopped',
            template: false,
            tags: ['pve-gitops'],
            ...(this.pools.has(state.vmid) ? { pool: this.pools.get(state.vmid) ?? '' } : {}),
          })),
        ),
      container: (_node, vmid) => Promise.resolve(this.containers.get(vmid)),
      vmidFree: (vmid) => Promise.resolve(!this.containers.has(vmid)),
      nextVmid: () => Promise.resolve(100),
      nodes: () => Promise.resolve(['pve']),
      storages: () => Promise.resolve([]),
      templates: () => Promise.resolve([]),
      offeredTemplates: () => Promise.resolve([]),
      tasks: () => Promise.resolve(this.tasks),
      taskLog: (_node, upid) => Promise.resolve(this.taskLogs.get(upid) ?? []),
      addresses: () => Promise.resolve([]),
      serverTime: () => this.time,
    };
  }

  writer(): Containers {
    const running = (vmid: number, value: boolean) => () =>
      this.put({ ...startedState(this.get(vmid)), running: value });
    return {
      create: (node, vmid, parameters) => {
        if (this.containers.has(vmid))
          return Promise.reject(new GitopsError('remote', `CT ${vmid} already exists on node '${node}'`));
        const config = createdConfig(vmid, parameters);
        return this.task(
          'vzcreate',
          vmid,
          () => this.put({ vmid, node, running: false, config, pending: {}, digest: '' }),
          [
            "Creating SSH host key 'ssh_host_ed25519_key' - this may take some time ...",
            'done: SHA256:abcDEF123 root@localhost',
          ],
        );
      },
      update: (_node, vmid, change, digest) =>
        this.write(`update ${vmid}`, () => {
          this.checkDigest(vmid, digest);
          this.put(updatedState(this.get(vmid), change));
        }),
      resize: (_node, vmid, disk, size, digest) =>
        this.task('resize', vmid, () => {
          this.checkDigest(vmid, digest);
          this.put(resizedState(this.get(vmid), disk, size));
        }),
      start: (_node, vmid) => this.task('vzstart', vmid, running(vmid, true)),
      shutdown: (_node, vmid) => this.task('vzshutdown', vmid, running(vmid, false)),
      reboot: (_node, vmid) => this.task('vzreboot', vmid, running(vmid, true)),
      destroy: (_node, vmid) => this.task('vzdestroy', vmid, () => this.containers.delete(vmid)),
      pool: (vmid, pool) => this.write(`pool ${vmid} ${pool}`, () => this.pools.set(vmid, pool)),
      downloadTemplate: (_node, _storage, template) => this.task(`download ${template}`, 0, () => undefined),
      settle: (_node, upid) => Promise.resolve({ upid, warnings: [], log: [] }),
    };
  }

  marks(): Marks {
    return {
      write: async (_node, vmid, description, digest) => {
        if (this.get(vmid).digest !== digest) return false;
        await this.write(`mark ${vmid}`, () => {
          const state = this.get(vmid);
          this.put({ ...state, config: { ...state.config, description } });
        });
        return true;
      },
    };
  }

  private placement(): Placement {
    return {
      migrate: (_node, vmid, { node }) =>
        this.task('vzmigrate', vmid, () =>
          this.put({ ...startedState(this.get(vmid)), node, running: this.get(vmid).running }),
        ),
    };
  }

  /** Moves only. */
  private volumes(): Volumes {
    const none = () => Promise.reject(new Error('no other work with volumes here'));
    return {
      list: none,
      reassign: none,
      detach: none,
      free: none,
      move: async (_node, { vmid, key, digest }, { storage }) => {
        const task = await this.task('move_volume', vmid, () => {
          this.checkDigest(vmid, digest);
          if (this.get(vmid).running) throw new GitopsError('remote', 'cannot move volumes of a running container');
          this.put(movedState(this.get(vmid), key, storage));
        });
        return { ...task, volid: volumeOf(this.get(vmid).config[key] ?? '') };
      },
    };
  }

  ports(runs: Runs = { id: 'run-1', by: 'tester', alive: () => Promise.resolve(undefined) }) {
    const clock: Clock = {
      now: () => this.time,
      sleep: (_ms, signal) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true }),
        ),
    };
    const keys: Keys = {
      authority: () => Promise.resolve('ssh-ed25519 AAAA'),
      seal: (parts) => Promise.resolve(parts.join()),
      login: () => Promise.reject(new Error('no login here')),
    };
    const reporter: Reporter = { tell: (event) => this.events.push(event) };
    const shells: Shells = {
      open: () => Promise.reject(new Error('no shell here')),
      answers: (_address: string, _call: Call) => Promise.resolve(false),
      openPorts: () => Promise.resolve([]),
    };
    const none = new Proxy({}, { get: (_, name) => () => Promise.reject(new Error(`no ${String(name)} here`)) });
    return {
      inventory: this.inventory(),
      containers: this.writer(),
      marks: this.marks(),
      runs,
      clock,
      keys,
      reporter,
      shells,
      snapshots: none as Snapshots,
      backups: none as Backups,
      clones: none as Clones,
      volumes: this.volumes(),
      placement: this.placement(),
    };
  }
}
