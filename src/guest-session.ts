import type { GuestDone } from './apply/context.ts';
import { call, DEADLINES } from './apply/deadlines.ts';
import type { Holding } from './apply/lease.ts';
import { leasedAddress } from './apply/leased-address.ts';
import { WEB_PORTS } from './apply/outcome.ts';
import { baselineHash, runBaseline } from './baseline/debian.ts';
import { cincInput } from './cinc-input.ts';
import { configurationParts, configure as runEngine } from './configure/configure.ts';
import { directoryVariables, isOneDirectoryForm } from './configure/directory-variables.ts';
import type { ConfigureInput } from './configure/engine.ts';
import { guestEnvironment } from './configure/environment.ts';
import { DATA_PATH, type KeptData, keepData, withData } from './configure/keep-data.ts';
import { findSecrets, readSecrets, type SecretsInput } from './configure/secrets.ts';
import { type MountedShare, mountShare } from './configure/share.ts';
import type { Desired } from './model/desired.ts';
import { GitopsError } from './model/errors.ts';
import type { Mark } from './model/mark.ts';
import type { CheckResult } from './model/outcome.ts';
import type { Ports, Shell } from './model/ports.ts';
import type { RunOptions } from './run.ts';
import { othersForRecipe } from './site-containers.ts';
import { assertShare, siteShare } from './site-share.ts';
import { verify } from './verify/verify.ts';

/** A service gets a minute to become healthy. */
const HEALTH = { deadlineMs: 60_000, intervalMs: 500 } as const;

/** What happens inside a container in one run: one connection, the baseline, the configuration, its checks. */
export class GuestSession {
  readonly checks: CheckResult[] = [];
  private readonly ports: Ports;
  private readonly options: RunOptions;
  private readonly at: (holding: Holding) => Desired['interfaces'];
  private shell: Shell | undefined;
  private baseline = '';
  private configuration: string | undefined;
  private share: Promise<MountedShare | undefined> | undefined;

  /** `at`: where a container is that is not at the definition's addresses. */
  constructor(ports: Ports, options: RunOptions, at?: (holding: Holding) => Desired['interfaces']) {
    this.ports = ports;
    this.options = options;
    this.at = at ?? (() => options.desired.interfaces);
  }

  /** Hashes of what baseline and configuration would bring about. `configuration` undefined: it is not known. */
  async hashes(
    configurable: boolean,
  ): Promise<{ readonly baseline: string; readonly configuration: string | undefined }> {
    const { desired, directory } = this.options;
    const { keys, source } = this.ports;
    this.baseline = baselineHash(desired.baseline, await keys.authority());
    if (configurable && directory !== undefined) {
      const others = await othersForRecipe(this.ports, this.options);
      const tree = await source.digest(directory);
      const parts = configurationParts(desired.engine, tree, await this.environment(0), others);
      this.configuration = await keys.seal(parts);
    }
    return { baseline: this.baseline, configuration: this.configuration };
  }

  /** Checks of a container that was not configured in this run. Empty when it was: that has verified already. */
  async verifyUnlessDone(holding: Holding): Promise<readonly CheckResult[]> {
    return this.checks.length > 0 ? this.checks : this.verify(holding);
  }

  /** The address that the container answers at: the first that is written, else what it got. */
  async addressOf(holding: Holding): Promise<string> {
    const { state } = holding;
    const interfaces = this.at(holding);
    const written = interfaces.find(({ ipv4 }) => ipv4.kind === 'static')?.ipv4;
    if (written?.kind === 'static') return written.address;
    const dynamic = interfaces.some(({ ipv4 }) => ipv4.kind === 'dhcp');
    const ipv6 = interfaces.find((net) => net.ipv6?.kind === 'static')?.ipv6;
    if (!dynamic && ipv6?.kind === 'static') return ipv6.address;
    const { node, vmid } = state;
    const address = await leasedAddress(this.ports, { node, vmid, ipv6: true }, this.options.signal);
    if (address !== undefined) return address;
    const reason = dynamic ? 'it got no address from DHCP' : 'it has no address that is known here';
    throw new GitopsError('remote', `Unable to reach container ${vmid}: ${reason}`);
  }

  openWebPorts(address: string): Promise<readonly number[]> {
    return this.ports.shells.openPorts(address, WEB_PORTS, call(DEADLINES.answers, this.options.signal));
  }

  /** Opens anew when it is used again. */
  async close(): Promise<void> {
    const { shell } = this;
    this.shell = undefined;
    await shell?.close();
  }

  async runBaseline(holding: Holding): Promise<GuestDone> {
    if (holding.mark.applied.baseline === this.baseline) return this.hasBaseline();
    const { desired, signal } = this.options;
    const input = { ...desired.baseline, vmid: holding.state.vmid, authority: await this.ports.keys.authority() };
    const shell = await this.open(holding);
    const { clock, reporter } = this.ports;
    const result = await runBaseline(shell, input, clock, call(DEADLINES.baseline, signal), (event) =>
      reporter.tell(event),
    );
    return { result, mark: { applied: { baseline: this.baseline } } };
  }

  /** A clone: its image had it. */
  private hasBaseline(): GuestDone {
    const summary = 'as its image has it, with SSH host keys of its own';
    const result = { kind: 'baseline', summary, changes: [], changed: [], warnings: [], milliseconds: 0 } as const;
    return { result, mark: { applied: { baseline: this.baseline } } };
  }

  /** A configuration counts as applied only once the container has been verified with it. */
  async configure(holding: Holding): Promise<GuestDone> {
    const { desired, directory, signal } = this.options;
    if (directory === undefined) throw new GitopsError('bug', 'configure without the definition’s directory');
    const { clock, reporter, source } = this.ports;
    const { vmid } = holding.state;
    const environment = await this.environment(vmid);
    const names = (await source.list(directory)) ?? [];
    const place = await this.ansiblePlace(holding);
    const recipe = await cincInput(this.ports, this.options, environment);
    const secretNames = Object.keys(await readSecrets(this.secretsInput()));
    const archive = source.archive(directory);
    const input = { vmid, archive, names, environment, ...place, ...recipe, secretNames };
    const shell = await this.open(holding);
    const tell = reporter.tell.bind(reporter);
    const deadline = call(DEADLINES.configure, signal);
    const { login, password } = this.options.settings;
    const share = assertShare(desired, vmid, await this.siteShare());
    const shared = await mountShare(shell, { vmid, share, login, password }, deadline, tell);
    const kept = await this.keepData(shell, vmid, names, directory);
    const { variables = {}, ...done } = await runEngine(desired.engine, shell, input, clock, deadline, tell);
    const result = withData(shared, withData(kept, done));
    await this.ports.variables.keep(variables);
    await this.assertHealthy(holding);
    const applied = this.configuration === undefined ? {} : { configuration: this.configuration };
    return { result, mark: { applied, ...this.good() } };
  }

  /** Before its scripts run, a directory's data is where they look for it. */
  private async keepData(shell: Shell, vmid: number, names: readonly string[], directory: string): Promise<KeptData> {
    const { desired, signal } = this.options;
    const { reporter, source } = this.ports;
    if (desired.engine !== 'shell' || !isOneDirectoryForm(names)) return { changed: [], warnings: [] };
    const hasVolume = desired.volumes.some(({ path }) => path === DATA_PATH);
    const input = { vmid, hasVolume, data: () => source.data(directory) };
    return keepData(shell, input, call(DEADLINES.configure, signal), reporter.tell.bind(reporter));
  }

  /** Where its playbooks run, when it has some. */
  private async ansiblePlace(holding: Holding): Promise<Pick<ConfigureInput, 'ansible'>> {
    if (this.options.desired.engine !== 'ansible') return {};
    const { vmid, node } = holding.state;
    const open = this.options.ansible?.({ vmid, node, address: await this.addressOf(holding) });
    return open === undefined ? {} : { ansible: open };
  }

  /** The same for a definition that may have nothing to configure: its checks alone prove it then. */
  async prove(holding: Holding): Promise<GuestDone> {
    if (this.options.desired.engine !== 'none') return this.configure(holding);
    await this.assertHealthy(holding);
    const summary = 'nothing to configure, verified';
    const result = { kind: 'configure', summary, changes: [], changed: [], warnings: [], milliseconds: 0 } as const;
    return { result, mark: { applied: {}, ...this.good() } };
  }

  /** Throws with every check that fails. */
  async assertHealthy(holding: Holding): Promise<void> {
    const failed = (await this.verify(holding)).filter((check) => !check.ok);
    if (failed.length === 0) return;
    const said = failed.map((check) => `${check.check}: ${check.detail}`).join('; ');
    throw new GitopsError('remote', `Unable to verify container ${holding.state.vmid}: ${said}`);
  }

  private good(): Pick<Mark, 'commit' | 'good' | 'links'> {
    const { desired, links } = this.options;
    const { commit } = desired;
    const found = links === undefined ? {} : { links };
    return commit === undefined ? found : { ...found, commit, good: { commit, at: this.serverNow() } };
  }

  private async verify(holding: Holding): Promise<readonly CheckResult[]> {
    const { desired, signal } = this.options;
    const { clock, reporter } = this.ports;
    const shell = await this.open(holding);
    const tell = reporter.tell.bind(reporter);
    const what = 'verify';
    tell({ kind: 'started', what });
    const results = await verify(shell, desired.health, HEALTH, clock, call(DEADLINES.reachable, signal), tell);
    const failed = results.filter((result) => !result.ok);
    if (failed.length === 0) tell({ kind: 'finished', what });
    else tell({ kind: 'failed', what, message: failed.map((result) => result.check).join(', ') });
    this.checks.splice(0, this.checks.length, ...results);
    return results;
  }

  /** The one connection of this session. */
  async open(holding: Holding): Promise<Shell> {
    if (this.shell !== undefined) return this.shell;
    const { node, vmid } = holding.state;
    const { hostKeys } = holding.mark;
    const target = { vmid, node, address: await this.addressOf(holding), hostKeys };
    this.shell = await this.ports.shells.open(target, call(DEADLINES.reachable, this.options.signal));
    return this.shell;
  }

  /** Names of secrets that have no value here, or none that can be read. */
  async lackingSecrets(): Promise<readonly string[]> {
    const { missing, unreadable } = await findSecrets(this.secretsInput());
    return [...missing, ...unreadable.flatMap(({ key }) => key ?? [])];
  }

  private secretsInput(): SecretsInput {
    const { desired, directory } = this.options;
    const { source, secrets } = this.ports;
    const where = directory === undefined ? {} : { directory };
    return { names: desired.secrets, stage: desired.stage, ...where, source, secrets };
  }

  private async environment(vmid: number): Promise<Readonly<Record<string, string>>> {
    const { desired, directory, settings, forgeHost } = this.options;
    const { source, secrets } = this.ports;
    const ipv4 = desired.interfaces.find((net) => net.ipv4.kind === 'static')?.ipv4;
    const takes = desired.engine === 'shell' && directory !== undefined;
    const variables = takes ? await directoryVariables({ directory, source, secrets }) : {};
    const own = guestEnvironment({
      id: desired.vmid.kind === 'fixed' ? (desired.vmid.id ?? desired.vmid.vmid) : vmid,
      hostname: desired.hostname,
      stage: desired.stage,
      ...(ipv4?.kind === 'static' ? { ip: ipv4.address } : {}),
      ...(forgeHost === undefined ? {} : { host: forgeHost }),
      ...(settings.login === undefined ? {} : { login: settings.login }),
      ...(settings.password === undefined ? {} : { password: settings.password }),
      secrets: await readSecrets(this.secretsInput()),
    });
    const share = await this.siteShare();
    return { ...variables, ...own, ...(share === undefined ? {} : { SHARE: `//${share.host}/${share.name}` }) };
  }

  /** Its address is part of the configuration: where it moves, the mount follows. */
  private siteShare(): Promise<MountedShare | undefined> {
    this.share ??= siteShare(this.ports, this.options);
    return this.share;
  }

  private serverNow(): string {
    return (this.ports.inventory.serverTime() ?? this.ports.clock.now()).toISOString();
  }
}
