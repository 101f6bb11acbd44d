import { GitopsError } from '../../model/errors.ts';
import type { Call } from '../../model/ports.ts';
import { abortError, duration } from '../process/program-errors.ts';

export interface SessionQueue {
  /** Resolves when there is a place, with what gives it back; throws when the call's time is over first. */
  enter(name: string, call: Call): Promise<() => void>;
}

/** At most so many at a time; the others wait in order. */
export function createSessionQueue(places: number): SessionQueue {
  const waiting = new Set<() => void>();
  let taken = 0;
  const leave = () => {
    taken -= 1;
    const [next] = waiting;
    next?.();
  };
  const take = () => {
    taken += 1;
    return leave;
  };

  return {
    enter(name, call) {
      if (taken < places) return Promise.resolve(take());
      return new Promise((resolve, reject) => {
        const settle = (step: () => void) => {
          clearTimeout(timer);
          call.signal.removeEventListener('abort', onAbort);
          waiting.delete(onTurn);
          step();
        };
        const onTurn = () => settle(() => resolve(take()));
        const onAbort = () => settle(() => reject(abortError(name, call.signal)));
        const timer = setTimeout(() => {
          const message = `Unable to start ${name}: no free session within ${duration(call.timeoutMs)}`;
          settle(() => reject(new GitopsError('remote', message)));
        }, call.timeoutMs);
        call.signal.addEventListener('abort', onAbort, { once: true });
        if (call.signal.aborted) onAbort();
        else waiting.add(onTurn);
      });
    },
  };
}
