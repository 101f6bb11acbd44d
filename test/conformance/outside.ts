import type { Site } from './site.ts';

/** Something that happened on the recorded server beside its API, before a row. */
export interface OutsideEvent {
  readonly before: number;
  readonly what: string;
  readonly run: (outside: Outside) => Promise<void>;
}

/** Does by fault control what people and machines did to the recorded server. */
export class Outside {
  readonly #site: Site;
  readonly #faults = new Map<string, string>();

  constructor(site: Site) {
    this.#site = site;
  }

  control(method: string, path: string, body?: object): Promise<unknown> {
    return this.#site.control(method, path, body);
  }

  /** Arms a fault under a name of our own. */
  async arm(name: string, fault: object): Promise<void> {
    const { id } = (await this.control('POST', 'faults', fault)) as { readonly id: string };
    this.#faults.set(name, id);
  }

  /** Takes a fault away; one that is gone is no error. */
  async disarm(name: string): Promise<void> {
    const id = this.#faults.get(name);
    this.#faults.delete(name);
    if (id !== undefined) await this.control('DELETE', `faults/${id}`);
  }

  /** Tasks that are slow: the rows after them meet them at work. */
  isHeld(name: string): boolean {
    return this.#faults.has(name);
  }

  file(name: string, text?: string): Promise<unknown> {
    const bytes = text === undefined ? {} : { bytes: Buffer.from(text).toString('base64') };
    return this.control('PUT', 'file', { storage: 'local', name, ...bytes });
  }

  container(vmid: number, config: object, pending: object = {}): Promise<unknown> {
    return this.control('PUT', 'lxc', { vmid, config, pending });
  }

  async remove(vmid: number): Promise<boolean> {
    return (await this.control('DELETE', `lxc?vmid=${vmid}`)) === true;
  }

  /** A task of the past. */
  task(type: string, vmid: number, user: string, starttime: number, exitstatus = 'OK'): Promise<unknown> {
    return this.control('PUT', 'task', { type, id: String(vmid), user, starttime, exitstatus });
  }

  start(vmid: number): Promise<unknown> {
    return this.control('PUT', 'running', { vmid, running: true });
  }

  stop(vmid: number): Promise<unknown> {
    return this.control('PUT', 'running', { vmid, running: false });
  }
}

/** A task of a container that is still at work while the next rows come. */
export function taskName(type: string, id: string): string {
  return `${type} ${id}`;
}

function slow(type: string, id: string): (outside: Outside) => Promise<void> {
  const match = { task: type, id, times: 1 };
  return (outside) => outside.arm(taskName(type, id), { kind: 'delay', milliseconds: 60_000, match });
}

const done =
  (type: string, id: string) =>
  (outside: Outside): Promise<void> =>
    outside.disarm(taskName(type, id));

/** The next backup fails: the server lacks a program. */
const noProgram =
  (program: string) =>
  (outside: Outside): Promise<void> =>
    outside.arm(`no ${program}`, {
      kind: 'task-failure',
      text: `unable to find command '${program}'`,
      match: { task: 'vzdump', times: 1 },
    });

const template =
  (name: string) =>
  async (outside: Outside): Promise<void> =>
    void (await outside.file(`vztmpl/${name}`));

/** The server's statistics are up to ten seconds old: what comes after this is not in them yet. */
const statistics =
  (frozen: boolean) =>
  async (outside: Outside): Promise<void> =>
    void (await outside.control('PUT', 'statistics', { frozen }));

const quorum =
  (quorate: boolean) =>
  async (outside: Outside): Promise<void> =>
    void (await outside.control('PUT', 'quorum', { quorate }));

const FIRST = {
  arch: 'amd64',
  cores: 1,
  hostname: 'ct100',
  memory: 256,
  net0: 'name=eth0,bridge=vmbr0,gw=10.88.0.1,hwaddr=BC:24:11:C0:D0:2F,ip=10.88.0.100/24,type=veth',
  ostype: 'debian',
  rootfs: 'local-btrfs:100/vm-100-disk-0.raw,size=2G',
  swap: 512,
  unprivileged: 1,
};

/** Container 100 as row 441 shows it: the server was set up anew. */
const SECOND = {
  arch: 'amd64',
  cores: 1,
  features: 'nesting=1',
  hostname: 'ct100',
  memory: 256,
  mp0: 'local-btrfs:100/vm-100-disk-4.raw,mp=/data,size=1G',
  net0: 'name=eth0,bridge=vmbr0,gw=10.88.0.1,hwaddr=BC:24:11:8C:B7:3C,ip=10.88.0.100/24,type=veth',
  ostype: 'debian',
  rootfs: 'local-btrfs:100/vm-100-disk-3.raw,size=1G',
  swap: 512,
  unprivileged: 1,
};

/** In the rows' order. */
export const OUTSIDE: readonly OutsideEvent[] = [
  {
    before: 0,
    what: 'the server as the recording found it: a template, a running container 100, directories of the host',
    run: async (outside) => {
      await outside.file('vztmpl/debian-12-standard_12.7-1_amd64.tar.zst');
      await outside.control('PUT', 'directories', { directories: ['/mnt/data', '/mnt/x'] });
      await outside.container(100, FIRST);
      await outside.start(100);
      const failed = 'unable to create CT 100 - error in setup task PVE::LXC::Setup::post_create_hook';
      await outside.task('vzcreate', 100, 'root@pam', 1_795_249_198, failed);
      await outside.task('vzcreate', 100, 'root@pam', 1_795_249_370);
      await outside.task('vzstart', 100, 'root@pam', 1_795_249_393);
      await outside.task('vzstop', 100, 'root@pam', 1_795_249_454);
      await outside.task('vzstart', 100, 'root@pam', 1_795_249_529);
    },
  },
  {
    before: 323,
    what: 'a template that is no archive',
    run: async (outside) => void (await outside.file('vztmpl/bad_1.0_amd64.tar.zst', 'not an archiv')),
  },
  { before: 704, what: 'statistics lag', run: statistics(true) },
  { before: 754, what: 'statistics are renewed', run: statistics(false) },
  { before: 1250, what: 'statistics lag', run: statistics(true) },
  { before: 1277, what: 'statistics are renewed', run: statistics(false) },
  { before: 705, what: 'the create of 130 takes its time', run: slow('vzcreate', '130') },
  { before: 707, what: 'the create of 130 goes on', run: done('vzcreate', '130') },
  { before: 805, what: 'the create of 137 takes its time', run: slow('vzcreate', '137') },
  { before: 811, what: 'the create of 137 goes on', run: done('vzcreate', '137') },
  { before: 826, what: 'the create of 138 takes its time', run: slow('vzcreate', '138') },
  { before: 833, what: 'the create of 139 takes its time', run: slow('vzcreate', '139') },
  { before: 835, what: 'the create of 139 goes on', run: done('vzcreate', '139') },
  {
    before: 397,
    what: 'nothing can be added to the running container 100: the machine lacks what that takes',
    run: async (outside) => {
      await outside.control('PUT', 'hotplug', {
        key: 'net0',
        text: "command 'lxc-device -n 100 add veth100i0p eth0' failed: exit code 1",
      });
      await outside.control('PUT', 'hotplug', {
        key: 'net1',
        text: "command 'lxc-device -n 100 add veth100i1p eth1' failed: exit code 1",
      });
      await outside.control('PUT', 'hotplug', {
        key: 'mp1',
        text: 'failed to change apparmor profile: Invalid argument',
      });
    },
  },
  {
    before: 440,
    what: 'the server was set up anew: container 100 runs, with older volumes and a volume of 1 GiB added',
    run: async (outside) => {
      for (const key of ['net0', 'net1', 'mp1']) await outside.control('PUT', 'hotplug', { key });
      await outside.remove(100);
      const old = {
        mp5: 'local-btrfs:100/vm-100-disk-0.raw,mp=/a,size=1G',
        mp6: 'local-btrfs:100/vm-100-disk-1.raw,mp=/b,size=1G',
      };
      await outside.container(100, { ...SECOND, ...old, mp7: 'local-btrfs:100/vm-100-disk-2.raw,mp=/c,size=1G' });
      await outside.container(100, { ...SECOND, mp1: 'local-btrfs:100/vm-100-disk-5.raw,mp=/data2,size=1G' });
      await outside.start(100);
    },
  },
  { before: 880, what: 'the server lacks sendmail, which a backup wants', run: noProgram('sendmail') },
  { before: 887, what: 'a template was uploaded', run: template('up_1.0_amd64.tar.zst') },
  {
    before: 900,
    what: 'another process holds the flock of 120',
    run: (outside) => outside.arm('flock', { kind: 'flock', vmid: 120 }),
  },
  { before: 904, what: 'the flock of 120 is given back', run: (outside) => outside.disarm('flock') },
  { before: 935, what: 'a template of a newer Debian', run: template('debian-14-standard_14.1-1_amd64.tar.zst') },
  {
    before: 935,
    what: 'containers 110, 112 and 113 were removed by hand',
    run: async (outside) => {
      for (const vmid of [110, 112, 113]) await outside.remove(vmid);
    },
  },
  { before: 946, what: 'the server lacks cstream', run: noProgram('cstream') },
  { before: 968, what: 'the server lacks qm', run: noProgram('qm') },
  { before: 975, what: 'the server lacks qm', run: noProgram('qm') },
  { before: 980, what: 'the server lacks qm', run: noProgram('qm') },
  { before: 996, what: 'a template of an untested Debian', run: template('debian-99-standard_99.0-1_amd64.tar.zst') },
  { before: 1035, what: 'the cluster loses its quorum', run: quorum(false) },
  { before: 1058, what: 'the quorum is back', run: quorum(true) },
  {
    before: 1084,
    what: 'a virtual machine 105',
    run: async (outside) =>
      void (await outside.control('PUT', 'qemu', { vmid: 105, config: { memory: '512', name: 'vm105' } })),
  },
  {
    before: 1034,
    what: 'container 101 is stopped, 100 was made anew',
    run: async (outside) => {
      await outside.stop(101);
      await outside.remove(100);
      const { cores: _cores, net0: _net0, ...plain } = FIRST;
      await outside.container(100, { ...plain, memory: 128, rootfs: 'local-btrfs:100/vm-100-disk-5.raw,size=1G' });
    },
  },
  {
    before: 1156,
    what: "the clone's copy cannot be mounted",
    run: (outside) =>
      outside.arm('mount', {
        kind: 'task-failure',
        text: "clone failed: command 'mount -o ro /dev/loop1 /var/lib/lxc/102/.copy-volume-2//' failed: exit code 32",
        match: { task: 'vzclone', times: 1 },
      }),
  },
  {
    before: 1224,
    what: 'the containers so far were removed, a backup of 502 came and that of 120 went',
    run: async (outside) => {
      for (const vmid of [100, 101, 102, 103, 104, 105, 106, 120]) await outside.remove(vmid);
      await outside.file('backup/vzdump-lxc-502-2026_11_21-08_57_19.tar.zst');
      await outside.control('DELETE', 'files?storage=local&name=backup/vzdump-lxc-120-');
    },
  },
  {
    before: 1140,
    what: 'container 101 was shut down and destroyed by hand',
    run: async (outside) => {
      await outside.remove(101);
      await outside.task('vzshutdown', 101, 'root@pam!gitops', 1_795_250_660);
      await outside.task('vzdestroy', 101, 'root@pam', 1_795_250_823);
    },
  },
  { before: 1187, what: 'the start of 101 takes its time', run: slow('vzstart', '101') },
  { before: 1189, what: 'the start of 101 goes on', run: done('vzstart', '101') },
  {
    before: 1213,
    what: 'the virtual machine is gone',
    run: async (outside) => void (await outside.control('DELETE', 'qemu?vmid=105')),
  },
];
