/**
 * The fences: what may be used where. A new capability that is heavy or dangerous gets a line here, with what to do instead.
 *
 * @typedef {import('./uses.mjs').Use} Use
 *
 * @typedef {object} Place a file, as the fences see it
 * @property {string} path from the root, with `/`
 * @property {string} workspace `apps/api`, `packages/queue`, `tests`, `scripts`, … ; empty for a file at the root
 * @property {boolean} isTest a `*.test.ts`
 *
 * @typedef {object} Fence
 * @property {string} name
 * @property {(place: Place) => boolean} within the files it holds in
 * @property {(use: Use, place: Place) => boolean} forbids
 * @property {string} instead what to do
 */

const PURE = ['packages/domain', 'packages/detect', 'packages/diagnose'];
const PURE_BUILTINS = ['path', 'path/posix'];
const IO_PACKAGES = [
  'bullmq',
  'dockerode',
  'execa',
  'express',
  'ioredis',
  'pino',
  'prom-client',
  'tar',
  'tar-stream',
  'undici',
];

const outside =
  (...workspaces) =>
  (place) =>
    !workspaces.includes(place.workspace);
const inside =
  (...workspaces) =>
  (place) =>
    workspaces.includes(place.workspace);
const imports =
  (...packages) =>
  (use) =>
    use.package !== undefined && packages.includes(use.package);

/** @type {readonly Fence[]} */
export const fences = [
  {
    name: 'redis',
    // The test of upgrades saves and loads keys as they are, whatever they mean to this version.
    within: (place) => outside('packages/queue', 'bench')(place) && !place.path.startsWith('tests/upgrade/'),
    forbids: imports('ioredis', 'bullmq'),
    instead:
      'Only packages/queue talks to Redis. Use a function that @switchyard/queue exports, or add one there: it names what is meant (`finishStage`) and keeps its keys and scripts in one place.',
  },
  {
    name: 'engine',
    within: outside('packages/platform', 'apps/embedded', 'scripts', 'tests', 'bench'),
    forbids: imports('dockerode', 'execa'),
    instead:
      'Only packages/platform drives Docker and runs commands. Call the platform you were handed (`@switchyard/platform`): it limits, masks and cleans up what it starts.',
  },
  {
    name: 'processes',
    within: (place) =>
      outside('packages/platform', 'apps/embedded', 'scripts', 'tests', 'bench')(place) && !place.isTest,
    forbids: (use) => use.builtin === 'child_process',
    instead:
      'Only packages/platform starts processes (and apps/embedded our own). Call the platform you were handed: what it starts is in its own group, has a time limit, and is found again after a crash.',
  },
  {
    name: 'environment',
    within: (place) =>
      !place.isTest &&
      !['', 'scripts', 'tests', 'bench'].includes(place.workspace) &&
      !/^apps\/[^/]+\/(src\/config\.ts|vite\.config\.ts)$/.test(place.path),
    forbids: (use) => use.environment === true,
    instead:
      "Settings are read in one place: add a field to the schema in the app's src/config.ts, which reports all faults at once, and pass the value in.",
  },
  {
    name: 'apps-apart',
    within: (place) => /^(apps|packages)\//.test(place.workspace),
    forbids: (use, place) => use.workspace?.startsWith('apps/') === true && use.workspace !== place.workspace,
    instead:
      'Apps never import each other, and packages never import apps: an app is a process. Move what both need into a package, or talk to it over HTTP or Redis.',
  },
  {
    name: 'queue-and-platform-apart',
    within: inside('packages/queue', 'packages/platform'),
    forbids: (use, place) =>
      ['packages/queue', 'packages/platform'].some((one) => use.workspace === one && place.workspace !== one),
    instead:
      'packages/queue and packages/platform never import each other: apps/worker and apps/runner join them. Put a shared shape into packages/domain.',
  },
  {
    name: 'domain-alone',
    within: (place) => place.workspace === 'packages/domain' && !place.isTest,
    forbids: (use) => use.builtin !== undefined || (use.package !== undefined && use.package !== 'zod'),
    instead:
      'packages/domain depends on zod alone and runs in the browser too. Take what you need as an argument (a clock, an id source, a hash function), or put the code that needs it into the package that does the IO.',
  },
  {
    name: 'pure',
    within: (place) => inside('packages/detect', 'packages/diagnose')(place) && !place.isTest,
    forbids: (use) =>
      (use.builtin !== undefined && !PURE_BUILTINS.includes(use.builtin)) ||
      (use.package !== undefined && IO_PACKAGES.includes(use.package)),
    instead:
      'packages/detect and packages/diagnose do no IO: they read through the small interface they are given (files, output lines) and return a value. Let the caller do the reading.',
  },
  {
    name: 'passed-in',
    within: (place) => inside(...PURE)(place) && !place.isTest,
    forbids: (use) => use.ambient !== undefined,
    instead:
      'Time, randomness, timers and the process are passed in (`Clock`, `Ids`), so that a decision can be tested at any moment it might be taken.',
  },
  {
    name: 'clients-only',
    within: inside('apps/cli', 'apps/dashboard'),
    forbids: (use, place) =>
      use.workspace !== undefined &&
      !['packages/client', 'packages/domain', place.workspace].includes(use.workspace) &&
      // Saved outputs are diagnosed where no api runs.
      !(place.workspace === 'apps/cli' && use.workspace === 'packages/diagnose'),
    instead:
      'The CLI and the dashboard are clients of the api and use nothing else of ours than @switchyard/client and @switchyard/domain (the CLI: @switchyard/diagnose too). Add what is missing to the API and to its client.',
  },
];
