import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], options: object = {}) => ({
  test: { name, include, environment: 'node', ...options },
});

const HOST = ['test/integration/lxc-host-reset.test.ts'];

/** One project per kind of test: what it needs and how long it may take differ (docs: design, habits). */
export default defineConfig({
  test: {
    // Most tests wait for a node or a program; the default leaves half of a machine with two cores idle.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      project('unit', ['test/unit/**/*.test.ts', 'test/architecture.test.ts'], { testTimeout: 30_000 }),
      project('contract', ['test/contract/**/*.test.ts'], { testTimeout: 60_000, hookTimeout: 60_000 }),
      // Each file has a node and a network of its own; what they share is the machine.
      project('integration', ['test/integration/**/*.test.ts'], {
        exclude: HOST,
        testTimeout: 600_000,
        hookTimeout: 900_000,
        maxWorkers: 2,
        sequence: { groupOrder: 1 },
      }),
      // Looks at switches of the kernel, which another node would change.
      project('host', HOST, { testTimeout: 600_000, hookTimeout: 900_000, fileParallelism: false }),
      project('e2e', ['test/e2e/**/*.e2e.test.ts'], {
        testTimeout: 900_000,
        hookTimeout: 1_800_000,
        fileParallelism: false,
      }),
    ],
  },
});
