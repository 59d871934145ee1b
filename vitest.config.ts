import { defineConfig } from 'vitest/config';

const sources = ['packages/*/src', 'apps/*/src', 'tests', 'scripts'];
const toolTiers = ['docker', 'browser', 'prometheus', 'postgres', 'ssh'];
// Vite's own conditions for Node, behind ours: siblings are read from their sources, so a test needs no build.
const conditions = ['@switchyard/source', 'module', 'node', 'development|production'];

// Named by each tier and not once for all, since a tier inherits it and would run it a second time.
const globalSetup = 'tests/harness/global-setup.ts';

// What is awaited comes at once or, on a machine that does ten other things, much later; Vitest would give up after a second.
const expect = { poll: { timeout: 30_000, interval: 20 } };

const filesOf = (suffix: string): string[] => sources.map((directory) => `${directory}/**/*.${suffix}`);

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: 'forks',
    // Real processes do the work in most tests; more workers than this make them wait for each other on two cores.
    maxWorkers: 2,
    teardownTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'default',
          globalSetup,
          include: filesOf('test.{ts,tsx}'),
          exclude: ['**/node_modules/**', '**/dist/**', ...toolTiers.map((tier) => `**/*.${tier}.test.ts`)],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          expect,
        },
      },
      ...toolTiers.map((tier, index) => ({
        extends: true as const,
        test: {
          name: tier,
          globalSetup,
          include: filesOf(`${tier}.test.ts`),
          exclude: ['**/node_modules/**', '**/dist/**'],
          // One engine, one browser, one port of Prometheus: these share what they talk to.
          fileParallelism: false,
          sequence: { groupOrder: index + 1 },
          testTimeout: 180_000,
          hookTimeout: 300_000,
          expect,
        },
      })),
    ],
  },
});
