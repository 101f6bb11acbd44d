import type { Session } from './api.ts';
import { isBeforeWork, pauseMs, WRITE_ATTEMPTS } from './retry.ts';

/**
 * Sends a write, and sends it again only when the server said that it had not begun and a look shows that it is still
 * due. `stillDue` reads; false: someone else did it, or did something else, and the first error stands.
 */
export async function dispatch<T>(
  session: Session,
  signal: AbortSignal,
  send: () => Promise<T>,
  stillDue: () => Promise<boolean>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      if (attempt >= WRITE_ATTEMPTS || signal.aborted || !isBeforeWork(error)) throw error;
      await session.clock.sleep(pauseMs(attempt), signal);
      if (!(await stillDue())) throw error;
    }
  }
}
