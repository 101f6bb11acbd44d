import { needs } from '../access/needs.ts';
import type { Finding } from '../model/finding.ts';
import type { ApiIdentity, PermissionsByPath } from '../model/inspection.ts';
import type { StorageState } from '../model/observed.ts';
import { examineCluster } from './cluster.ts';
import { examineAddresses, examineReserved } from './container.ts';
import { ok, problem, problemOf, unlessForbidden, unlessRefused } from './findings.ts';
import { type GuestSight, lookForGuest } from './guest.ts';
import { examineHosts, majorOf } from './hosts.ts';
import { examineIdentity } from './identity.ts';
import { type DoctorInput, type DoctorPorts, reading } from './look.ts';
import { bridgeUses, examineBridges, networkPaths } from './network.ts';
import { nodeOf, type PlaceInput, placeOf } from './place.ts';
import { examinePrivileges } from './privileges.ts';
import { examineSettings } from './settings.ts';
import { examineStorages, type StorageUse, storageUses } from './storages.ts';
import { examineTemplate } from './template.ts';
import { backupStorage, wayBackOf } from './way-back.ts';

/**
 * Everything that has to be right before a deploy can be: found out with reads alone. An error that comes in the way of a
 * look is a finding, and the other looks go on; only an end of the signal throws.
 */
export async function examine(ports: DoctorPorts, input: DoctorInput): Promise<readonly Finding[]> {
  return await new Examination(ports, input).run();
}

class Examination {
  readonly #ports: DoctorPorts;
  readonly #input: DoctorInput;
  readonly #findings: Finding[] = [];

  constructor(ports: DoctorPorts, input: DoctorInput) {
    this.#ports = ports;
    this.#input = input;
  }

  async run(): Promise<readonly Finding[]> {
    const { settings, shown, definition, simulated } = this.#input;
    this.#findings.push(...examineSettings(shown));
    if (definition !== undefined && 'error' in definition) {
      this.#findings.push(problemOf('definition', definition.error));
    }
    const release = await this.#look('hosts', 'reaching the hosts', async () => {
      const hosts = await this.#ports.inspection.hosts(this.#call());
      this.#findings.push(...examineHosts(hosts, settings.connection.trust));
      return hosts.flatMap((host) => (host.kind === 'answers' ? (host.release ?? []) : []))[0];
    });
    if (release !== undefined) await this.#server(majorOf(release) ?? 8);
    if (!simulated) await this.#look('programs', 'looking for the SSH client', () => this.#programs());
    return this.#findings;
  }

  #call() {
    return reading(this.#input.signal);
  }

  get #desired() {
    const { definition } = this.#input;
    return definition !== undefined && 'desired' in definition ? definition.desired : undefined;
  }

  /** One look, said while it lasts. undefined: it came to nothing, and the reason is among the findings. */
  async #look<T>(area: Finding['area'], what: string, work: () => Promise<T>): Promise<T | undefined> {
    this.#ports.reporter.tell({ kind: 'started', what });
    try {
      return await work();
    } catch (error) {
      if (this.#input.signal.aborted) throw error;
      this.#findings.push(problemOf(area, error));
      return undefined;
    }
  }

  async #server(major: number): Promise<void> {
    const { inspection, inventory } = this.#ports;
    const { settings, local, signal } = this.#input;
    const desired = this.#desired;
    const nodes = await this.#look('cluster', 'looking at the cluster', async () => {
      const [cluster, all] = await Promise.all([inspection.cluster(this.#call()), inspection.nodes(this.#call())]);
      this.#findings.push(...examineCluster(cluster, all));
      return all;
    });
    const identity = await this.#look('identity', 'finding out who we are', async () => {
      const found = await inspection.identity(this.#call());
      this.#findings.push(examineIdentity(found, await inspection.permissions(['/'], this.#call()), local));
      return found;
    });
    if (nodes === undefined || identity === undefined) return;
    const guest =
      desired === undefined
        ? undefined
        : await this.#look('container', 'looking for the container', () =>
            lookForGuest(inventory, settings, desired, signal),
          );
    const answering = (await inventory.nodes(this.#call()))[0];
    const node = nodeOf(settings, desired, guest, nodes, answering);
    if (node === undefined) {
      const wanted = desired?.nodes.length ? desired.nodes.join(', ') : (settings.connection.node ?? 'any');
      const known = nodes.map((entry) => entry.node).join(', ');
      const fix = [`nodes are: ${known}; correct proxmox.node or node of the definition`];
      this.#findings.push(problem('cluster', 'user', `no node to use is online: ${wanted}`, fix));
      return;
    }
    if (desired !== undefined) this.#findings.push(ok('cluster', `the container's node is ${node}`));
    await this.#node(node, major, identity, guest);
  }

  async #node(node: string, major: number, identity: ApiIdentity, guest: GuestSight | undefined): Promise<void> {
    const { inspection, inventory, shells } = this.#ports;
    const { settings, signal } = this.#input;
    const desired = this.#desired;
    const fresh = guest?.standing !== 'ours';
    const read = await this.#look('storages', 'reading storages, bridges and templates', async () => {
      const call = this.#call();
      const [storages, bridges] = await Promise.all([inventory.storages(node, call), inspection.bridges(node, call)]);
      const storage = desired?.templateStorage ?? settings.templateStorage;
      const choice = desired?.template ?? { kind: 'newest' as const, os: 'debian' };
      const [present, offered] = fresh
        ? await Promise.all([
            unlessRefused(inventory.templates(node, storage, call)),
            choice.kind === 'newest' ? unlessForbidden(inventory.offeredTemplates(node, call)) : [],
          ])
        : [[], []];
      const facts = present === undefined ? undefined : { storage, present, offered: offered ?? [] };
      return { storages, bridges, template: fresh ? examineTemplate(choice, facts) : { download: false } };
    });
    if (read === undefined) return;
    const { storages, bridges, template } = read;
    const download = desired === undefined || template.download;
    const wayBack = await this.#wayBack(guest, storages);
    const poolVisible = await this.#pool();
    const place = { settings, desired, guest, storages, bridges, major, download, wayBack, poolVisible };
    const held = await this.#privileges(place, identity);
    if (held === undefined) return;
    const has = (path: string, ...names: string[]): boolean => names.some((name) => held.get(path)?.has(name) === true);
    const maySee = (storage: string): boolean =>
      has(`/storage/${storage}`, 'Datastore.AllocateSpace', 'Datastore.Audit');
    this.#findings.push(...examineStorages(this.#uses(fresh), { node, storages, maySee }));
    const uses = bridgeUses(desired?.interfaces ?? [{ bridge: settings.network.bridge }]);
    this.#findings.push(
      ...examineBridges(uses, bridges, node, (use) =>
        networkPaths([use], bridges).some((path) => has(path, 'SDN.Use')),
      ),
    );
    if (template.finding !== undefined) this.#findings.push(template.finding);
    if (guest !== undefined) this.#findings.push(guest.finding);
    if (desired === undefined) return;
    this.#findings.push(...examineReserved(desired, settings.connection));
    if (guest?.standing !== 'free') return;
    await this.#look('container', 'looking whether the address is free', async () => {
      this.#findings.push(...(await examineAddresses(shells, desired, signal)));
    });
  }

  async #wayBack(guest: GuestSight | undefined, storages: readonly StorageState[]) {
    const desired = this.#desired;
    if (desired === undefined || guest === undefined) return undefined;
    const storage = backupStorage(desired.templateStorage, storages);
    return await this.#look('container', 'looking for the way back', () =>
      wayBackOf(this.#ports, desired, guest, storage, this.#input.signal),
    );
  }

  #uses(fresh: boolean): readonly StorageUse[] {
    const { storage, templateStorage } = this.#input.settings;
    const any = { rootfs: { storage, size: 0 }, volumes: [], templateStorage };
    return storageUses(this.#desired ?? any, fresh);
  }

  /** What this identity holds where the definition needs it; undefined: it cannot be read. */
  async #privileges(input: PlaceInput, identity: ApiIdentity): Promise<PermissionsByPath | undefined> {
    const { inspection } = this.#ports;
    return await this.#look('privileges', 'comparing privileges', async () => {
      const place = placeOf(input);
      const needed = needs(input.desired, place);
      const paths = [...new Set(needed.flatMap((need) => need.paths))];
      const [held, heldByUser, roles] = await Promise.all([
        inspection.permissions(paths, this.#call()),
        identity.kind === 'token' ? inspection.permissionsOf(identity.user, paths, this.#call()) : undefined,
        inspection.roles(this.#call()),
      ]);
      this.#findings.push(...examinePrivileges(needed, { identity, held, heldByUser, roles, major: input.major }));
      return held;
    });
  }

  /** Whether the pool that is named can be looked into, or none is. */
  async #pool(): Promise<boolean> {
    const name = this.#desired?.pool ?? this.#input.settings.pool;
    if (name === undefined) return true;
    const state = await this.#look('container', 'looking for the pool', () =>
      this.#ports.inspection.pool(name, this.#call()),
    );
    if (state === 'missing') {
      const fix = [`pveum pool add ${name}`, 'or pve-gitops setup --run, which makes it with all that belongs to it'];
      this.#findings.push(problem('container', 'remote', `pool ${name} does not exist`, fix));
    }
    return state === 'there';
  }

  async #programs(): Promise<void> {
    const version = await this.#ports.programs.sshClient(this.#call());
    if (version !== undefined) {
      this.#findings.push(ok('programs', `SSH client: ${version}`));
      return;
    }
    const fix = ['apt-get install openssh-client'];
    this.#findings.push(problem('programs', 'host', 'there is no SSH client: ssh is not installed', fix));
  }
}
