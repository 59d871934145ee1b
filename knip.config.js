import { existsSync, readdirSync } from 'node:fs';

/** Workspaces that hold no source yet: nothing there uses anything, which says nothing about their dependencies. */
const emptyWorkspaces = ['apps', 'packages']
  .flatMap((kind) => readdirSync(kind).map((name) => `${kind}/${name}`))
  .filter((directory) => {
    const source = `${directory}/src`;
    return (
      !existsSync(source) || !readdirSync(source, { recursive: true }).some((file) => /\.tsx?$/.test(String(file)))
    );
  });

/** @type {import('knip').KnipConfig} */
export default {
  ignoreWorkspaces: emptyWorkspaces,
  // A type that only signs an exported function of its own file is part of that function's contract.
  ignoreExportsUsedInFile: { interface: true, type: true },
  workspaces: {
    '.': {
      entry: ['scripts/*.mjs', 'scripts/checks/*.mjs'],
      project: ['scripts/**/*.mjs'],
      // Called by their programs' names, from scripts and by turbo.
      ignoreDependencies: ['@biomejs/biome', 'fast-check', 'oxlint', 'oxlint-tsgolint', 'pnpm', 'tsx'],
    },
    'apps/*': { entry: ['src/main.{ts,tsx}'], project: ['src/**/*.{ts,tsx}'] },
    'packages/*': { entry: ['src/index.ts'], project: ['src/**/*.ts'] },
    tests: {
      entry: [
        '**/*.test.ts',
        'chaos/long.ts',
        'simulation/main.ts',
        'upgrade/record.ts',
        'harness/global-setup.ts',
        'harness/provided.d.ts',
      ],
      project: ['**/*.ts'],
    },
    bench: { entry: ['*.{ts,mjs}', 'router/{upstream,bare-proxy}.ts'], project: ['**/*.{ts,mjs}', '!fixtures/**'] },
  },
};
