/** Asks until there is an answer. The name and what the last question failed with make the message of the deadline. */
export async function waitFor<T>(
  name: string,
  timeoutMs: number,
  probe: () => Promise<T | undefined>,
  state: () => string = () => '',
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let failure = '';
  for (;;) {
    try {
      const answer = await probe();
      if (answer !== undefined) return answer;
      failure = '';
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      failure = error instanceof Error ? error.message : String(error);
    }
    if (Date.now() >= deadline) {
      const last = [state(), failure].filter((part) => part !== '').join('; ');
      throw new Error(`Unable to see ${name} within ${timeoutMs / 1000} s${last === '' ? '' : `: ${last}`}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Thrown by a probe when waiting longer cannot help. */
export class Hopeless extends Error {}
