import type { Mark } from '../../../src/model/mark.ts';
import type { LiveRecord, Promotion } from '../../../src/model/promotion.ts';
import { parseProperties, volumeOf } from '../../../src/model/property-string.ts';
import type { ReplacementFacts, ReplacementStep, Seen } from '../../../src/model/replacement.ts';
import { nextReplacementStep } from '../../../src/plan/replacement.ts';
import { container, mark } from './samples.ts';

export const LIVE = 1042;
export const CANDIDATE = 901_042;

interface Box {
  running: boolean;
  config: Record<string, string>;
  mark: Mark;
}

export interface Wish {
  goal?: string | undefined;
  inPlace?: boolean;
  backup?: ReplacementFacts['backup'];
}

/** A server in memory: volumes have contents, a move gives them new names, a destroy takes them along. */
export class World {
  readonly boxes = new Map<number, Box>();
  /** volid → content */
  readonly volumes = new Map<string, { content: string; size: number }>();
  archives: {
    volid: string;
    vmid: number;
    kind: 'candidate' | 'before';
    root: string;
    config: Record<string, string>;
  }[] = [];
  snapshots: { name: string; droppable: boolean }[] = [];
  readonly freed: string[] = [];
  looked = false;
  changes = false;
  /** What a replace that goes back sees of the live one. */
  comesUp = true;
  ids = 0;
  wish: Required<Omit<Wish, 'goal'>> & { goal: string | undefined };

  constructor(wish: Wish = {}, config: Record<string, string> = {}) {
    this.wish = { goal: 'goal-1', inPlace: false, backup: 'before', ...wish };
    const all = { mp0: 'local-lvm:vm-1042-disk-1,mp=/data,backup=1,size=2G', ...config };
    this.volumes.set('local-lvm:vm-1042-disk-0', { content: 'old root', size: 8 * 1024 ** 3 });
    for (const [key, value] of Object.entries(all)) {
      if (!/^(mp|unused)\d+$/.test(key) || value.startsWith('/')) continue;
      this.volumes.set(volumeOf(value), { content: `content of ${key}`, size: sizeOf(value) });
    }
    const { description: _, ...rest } = container(all).config;
    this.boxes.set(LIVE, { running: true, config: rest, mark: mark({ volumes: { data: volumeOf(all.mp0) } }) });
  }

  seen(vmid: number): Seen | undefined {
    const box = this.boxes.get(vmid);
    if (box === undefined) return undefined;
    const { running, config } = box;
    return {
      state: { vmid, node: 'pve', running, config: { ...config }, pending: {}, digest: JSON.stringify(box) },
      mark: JSON.parse(JSON.stringify(box.mark)) as Mark,
      text: 'hand-written',
    };
  }

  facts(): ReplacementFacts {
    const [live, candidate] = [this.seen(LIVE), this.seen(CANDIDATE)];
    const stored = [...this.volumes].map(([volid, { size }]) => {
      return { volid, size, format: 'raw', vmid: Number(/-(\d+)-disk/.exec(volid)?.[1]) };
    });
    const { goal, ...wish } = this.wish;
    return {
      vmids: { live: LIVE, candidate: CANDIDATE },
      ...(live === undefined ? {} : { live }),
      ...(candidate === undefined ? {} : { candidate }),
      ...(goal === undefined ? {} : { goal }),
      ...wish,
      archives: this.archives,
      snapshots: this.boxes.has(LIVE) ? this.snapshots : [],
      ...(this.looked ? { stored } : {}),
      changes: this.changes && live?.mark.promotion?.renewed === true,
      absent: false,
    };
  }

  next(): ReplacementStep | undefined {
    return nextReplacementStep(this.facts());
  }

  /** Runs to the end; the kinds of the steps. */
  run(limit = 80): string[] {
    const taken: string[] = [];
    for (let step = this.next(); step !== undefined; step = this.next()) {
      taken.push(step.kind);
      if (step.kind === 'blocked' || taken.length >= limit) break;
      try {
        this.take(step);
      } catch (error) {
        if (step.kind !== 'give' || this.looked) throw error;
        this.looked = true;
      }
      // Whatever comes then, another run does it.
      if (step.kind === 'serve' || step.kind === 'end') break;
    }
    return taken;
  }

  box(vmid: number): Box {
    const box = this.boxes.get(vmid);
    if (box === undefined) throw new Error(`no container ${vmid}`);
    return box;
  }

  note(vmid: number, change: Partial<Promotion>): void {
    const box = this.box(vmid);
    if (box.mark.promotion === undefined) throw new Error(`no promotion on ${vmid}`);
    box.mark = { ...box.mark, promotion: { ...box.mark.promotion, ...change } };
  }

  record(): LiveRecord {
    const record = this.box(CANDIDATE).mark.promotion?.record;
    if (record === undefined) throw new Error('nothing recorded');
    return record;
  }

  take(step: ReplacementStep): void {
    this.looked = step.kind === 'look';
    switch (step.kind) {
      case 'look':
        return;
      case 'begin': {
        const box = this.box(LIVE);
        this.ids += 1;
        const promotion = { id: `r${this.ids}`, other: CANDIDATE, goal: this.wish.goal ?? '' };
        box.mark = { ...box.mark, promotion };
        return;
      }
      case 'create-candidate': {
        if (this.boxes.has(CANDIDATE)) throw new Error('there is a candidate');
        const promotion = this.box(LIVE).mark.promotion;
        if (promotion === undefined) throw new Error('not begun');
        const root = this.allocate(CANDIDATE, `new root ${this.wish.goal ?? ''}`, 4);
        this.boxes.set(CANDIDATE, {
          running: false,
          config: { rootfs: `${root},size=4G`, net0: 'name=eth0,ip=dhcp' },
          mark: mark({
            vmid: CANDIDATE,
            role: 'candidate',
            hostKeys: ['SHA256:new'],
            promotion: { ...promotion, other: LIVE },
          }),
        });
        return;
      }
      case 'start':
        if (this.wish.inPlace && this.running().length > 0) throw new Error('two with one address');
        if (!this.volumes.has(volumeOf(this.box(step.vmid).config.rootfs ?? ''))) throw new Error('no root to start');
        this.box(step.vmid).running = true;
        return;
      case 'stop':
        this.box(step.vmid).running = false;
        return;
      case 'prove':
        if (!this.box(CANDIDATE).running) throw new Error('the candidate does not run');
        this.note(CANDIDATE, { proven: true });
        return;
      case 'carry-keys':
        this.box(CANDIDATE).mark = { ...this.box(CANDIDATE).mark, hostKeys: ['SHA256:abc'] };
        this.note(CANDIDATE, { keys: 'carried' });
        return;
      case 'archive': {
        const { config } = this.box(step.vmid);
        const root = this.volumes.get(volumeOf(config.rootfs ?? ''))?.content;
        if (root === undefined) throw new Error('no root to archive');
        this.archives.push({
          volid: `local:backup/${step.vmid}-${this.archives.length}-${this.ids}`,
          vmid: step.vmid,
          kind: step.what,
          root,
          config: { ...config },
        });
        return;
      }
      case 'drop-snapshot':
        this.snapshots = this.snapshots.filter(({ name }) => name !== step.name);
        return;
      case 'record':
        this.note(CANDIDATE, { record: step.record });
        return;
      case 'protect': {
        const box = this.box(LIVE);
        if (step.on) box.config.protection = '1';
        else delete box.config.protection;
        return;
      }
      case 'give':
        this.give(step.from, step.to, step.key);
        return;
      case 'attach': {
        const { config } = this.box(step.vmid);
        if (config[step.key] !== undefined) throw new Error(`${step.key} is taken`);
        if (!step.volid.includes(`-${step.vmid}-`)) throw new Error('another container’s volume');
        config[step.key] = step.value;
        return;
      }
      case 'restore':
        this.restore(step.archive, step.what, step.over);
        return;
      case 'mount':
        Object.assign(this.box(LIVE).config, step.set);
        return;
      case 'name-volumes':
        this.box(LIVE).mark = { ...this.box(LIVE).mark, volumes: step.volumes };
        return;
      case 'change':
        this.changes = false;
        return;
      case 'prove-live':
        if (!this.box(LIVE).running) throw new Error('it does not run');
        this.note(LIVE, { proven: true });
        return;
      case 'give-up':
        this.note(LIVE, { back: true, ...(this.comesUp ? { served: true as const } : {}) });
        return;
      case 'serve': {
        const box = this.box(CANDIDATE);
        box.config.net0 = this.record().nets.net0 ?? '';
        box.running = true;
        const { back: _, ...promotion } = box.mark.promotion ?? { id: '', other: LIVE, goal: '' };
        box.mark = { ...box.mark, promotion };
        return;
      }
      case 'remove-archive':
        this.archives = this.archives.filter(({ volid }) => volid !== step.volid);
        return;
      case 'free-root':
        if (this.named().includes(step.volid)) throw new Error('in use');
        this.volumes.delete(step.volid);
        return;
      case 'remove-candidate':
        this.destroy(CANDIDATE);
        return;
      case 'end': {
        const { promotion: _, ...rest } = this.box(LIVE).mark;
        this.box(LIVE).mark = rest;
        return;
      }
      case 'blocked':
        throw new Error(step.reason);
      default:
        step satisfies never;
    }
  }

  named(): string[] {
    return [...this.boxes.values()].flatMap(({ config }) => Object.values(config).map(volumeOf));
  }

  running(): number[] {
    return [...this.boxes].filter(([, box]) => box.running).map(([vmid]) => vmid);
  }

  allocate(vmid: number, content: string, gib: number, prefix = 'local-lvm:vm'): string {
    let disk = 0;
    while (this.volumes.has(`${prefix}-${vmid}-disk-${disk}`)) disk += 1;
    const volid = `${prefix}-${vmid}-disk-${disk}`;
    this.volumes.set(volid, { content, size: gib * 1024 ** 3 });
    return volid;
  }

  /** `half`: the server stopped after the rename, or after it took it out of the source. */
  give(from: number, to: number, key: string, half?: 'renamed' | 'out'): void {
    const [source, target] = [this.box(from), this.box(to)];
    if (source.running) throw new Error('the source runs');
    if (target.config[key] !== undefined) throw new Error(`${key} is taken`);
    if (from === LIVE && this.snapshots.length > 0) throw new Error('used by a snapshot');
    const value = source.config[key] ?? '';
    const volume = this.volumes.get(volumeOf(value));
    if (volume === undefined) throw new Error(`no volume at ${key}`);
    const prefix = /^[^-]+(?:-lvm:vm)?/.exec(volumeOf(value))?.[0];
    const volid = this.allocate(to, volume.content, volume.size / 1024 ** 3, prefix);
    this.volumes.delete(volumeOf(value));
    if (half === 'renamed') return;
    delete source.config[key];
    if (half === 'out') return;
    target.config[key] = value.replace(volumeOf(value), volid);
  }

  /** Everything that the config names goes, as Proxmox VE does it. */
  destroy(vmid: number): void {
    const { config, running } = this.box(vmid);
    if (running) throw new Error('it runs');
    for (const [key, value] of Object.entries(config)) {
      if (!/^(rootfs|(mp|unused)\d+)$/.test(key) || value.startsWith('/')) continue;
      if (key !== 'rootfs') this.freed.push(value);
      this.volumes.delete(volumeOf(value));
    }
    this.boxes.delete(vmid);
  }

  /** `half`: the old root file system is gone already, and the archive was not unpacked; or only its config is gone. */
  restore(volid: string, what: 'candidate' | 'before', over: boolean, half?: 'gone' | 'rootless' | 'orphaned'): void {
    const archive = this.archives.find((entry) => entry.volid === volid);
    if (archive === undefined) throw new Error('no such archive');
    if (over !== this.boxes.has(LIVE)) throw new Error('over what?');
    const before = this.boxes.get(LIVE);
    if (before?.config.protection === '1') throw new Error('protected');
    const record = this.record();
    const promotion = this.box(CANDIDATE).mark.promotion;
    if (half === 'orphaned') {
      this.boxes.delete(LIVE);
      return;
    }
    if (over) this.destroy(LIVE);
    if (half === 'gone') return;
    if (half === 'rootless') {
      this.boxes.set(LIVE, before as Box);
      return;
    }
    const root = this.allocate(LIVE, archive.root, 4);
    const { mp0: _0, mp1: _1, mp2: _2, unused0: _3, protection: _4, ...config } = archive.config;
    const shared = { id: promotion?.id ?? '', other: CANDIDATE, goal: promotion?.goal ?? '' };
    const candidate = this.box(CANDIDATE).mark;
    this.boxes.set(LIVE, {
      running: false,
      config: { ...config, ...record.nets, rootfs: `${root},size=4G` },
      mark:
        what === 'candidate'
          ? mark({ hostKeys: candidate.hostKeys, promotion: { ...shared, renewed: true } })
          : mark({ ...record.mark, promotion: shared }),
    });
  }

  /** What must be the same however it got there: names of disks and the ids of runs are not. */
  end(): unknown {
    const contents = [...this.volumes.values()].map(({ content }) => content).toSorted();
    const boxes = [...this.boxes].map(([vmid, { running, config, mark: owner }]) => {
      const shown = Object.entries(config).map(([key, value]) => [key, this.shown(key, value)]);
      const names = Object.entries(owner.volumes ?? {}).map(([name, volid]) => [
        name,
        this.volumes.get(volid)?.content,
      ]);
      return {
        vmid,
        running,
        config: Object.fromEntries(shown),
        names,
        promotion: owner.promotion,
        keys: owner.hostKeys,
      };
    });
    return { boxes, contents, archives: this.archives.map(({ kind }) => kind), snapshots: this.snapshots };
  }

  private shown(key: string, value: string): unknown {
    if (!/^(rootfs|(mp|unused)\d+)$/.test(key) || value.startsWith('/')) return value;
    return [this.volumes.get(volumeOf(value))?.content, parseProperties(value).get('mp')];
  }
}

function sizeOf(value: string): number {
  return Number(/size=(\d+)G/.exec(value)?.[1] ?? 1) * 1024 ** 3;
}
