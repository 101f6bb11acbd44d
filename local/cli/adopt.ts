import { adopt as adoptContainer } from '../../src/apply/adopt.ts';
import { preview } from '../../src/deploy.ts';
import { GitopsError } from '../../src/model/errors.ts';
import { renderPlan } from '../../src/report/plan.ts';
import { type CommonOptions, defineDirectory, withContext } from './context.ts';

export interface AdoptOptions extends CommonOptions {
  readonly vmid?: number;
  readonly from?: string;
  readonly hostKey?: readonly string[];
}

/** Puts the owner mark on a container that exists, then shows what a deploy would change. */
export function adopt(directory: string, { vmid: given, ...rest }: AdoptOptions): Promise<number> {
  if (given === undefined) {
    throw new GitopsError('user', 'Unable to adopt: --vmid names the container', {
      advice: ['several at once, by the vmids of their definitions: pve-gitops adopt --all DIR'],
    });
  }
  const options = { ...rest, vmid: given };
  return withContext(options, async (context) => {
    const { ports, settings, signal, terminal } = context;
    const defined = await defineDirectory(context, directory, options);
    const { name, owner, stage, vmid } = defined.desired;
    if (vmid.kind === 'fixed' && vmid.vmid !== options.vmid) {
      throw new GitopsError(
        'user',
        `Unable to adopt container ${options.vmid}: the definition is for vmid ${vmid.vmid}`,
        {
          advice: [`in container.yml, vmid: ${options.vmid} is literal`],
        },
      );
    }
    const adopted = await adoptContainer({
      ...ports,
      vmid: options.vmid,
      identity: { site: settings.site, owner, name, stage },
      hostKeys: options.hostKey ?? [],
      signal,
      ...(options.from === undefined ? {} : { from: options.from }),
    });
    const from = adopted.previous === undefined ? '' : `, taken over from ${adopted.previous}`;
    terminal.print([
      adopted.unchanged ? `container ${options.vmid} is ours already` : `container ${options.vmid} is ours now${from}`,
    ]);
    if (adopted.untagged) terminal.print([`note: this identity may not set tags: pve-gitops is left out`]);
    if ((options.hostKey ?? []).length === 0 && !adopted.unchanged) {
      const authority = await ports.keys.authority();
      terminal.print([
        'before the first deploy can log in, on the Proxmox VE node:',
        `  pct exec ${options.vmid} -- ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub   (then: adopt again with --host-key SHA256:…)`,
        '  and add this line to root’s authorized_keys in the container:',
        `  cert-authority,principals="root" ${authority}`,
      ]);
    }
    const outcome = await preview(ports, { settings, signal, ...defined });
    if (outcome.kind === 'planned') terminal.print(renderPlan(outcome.plan, terminal.style));
    return 0;
  });
}
