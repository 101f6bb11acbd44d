import type { PowerStep } from '../../model/plan.ts';
import type { ConvergeInput, Done } from '../context.ts';
import { call, DEADLINES } from '../deadlines.ts';
import type { Holding } from '../lease.ts';

const PAST = { start: 'started', restart: 'restarted', stop: 'stopped', destroy: 'destroyed' } as const;

export async function power(input: ConvergeInput, step: PowerStep, { state }: Holding): Promise<Done> {
  const { containers } = input.ports;
  const { node, vmid } = state;
  const grace = DEADLINES.graceSeconds;
  const deadline = call(DEADLINES.power, input.signal);
  const act = () => {
    switch (step.kind) {
      case 'start':
        return containers.start(node, vmid, deadline);
      case 'restart':
        return containers.reboot(node, vmid, grace, deadline);
      case 'stop':
        return containers.shutdown(node, vmid, grace, deadline);
      case 'destroy':
        return containers.destroy(node, vmid, deadline);
      default:
        return step.kind satisfies never;
    }
  };
  const task = await act();
  return { summary: `container ${vmid} ${PAST[step.kind]}`, warnings: task.warnings };
}
