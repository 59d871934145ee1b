import type { StageName } from '@switchyard/domain';
import { describe, expect, it } from 'vitest';
import { classify } from '../classify.ts';
import { RULES } from './index.ts';

/** Output of real tools, cut to what tells, with a little of what stands around it. */
interface Sample {
  readonly stage: StageName;
  readonly output: string;
  readonly cause: string;
  readonly details: Readonly<Record<string, unknown>>;
}

const sample = (stage: StageName, cause: string, details: Sample['details'], ...lines: string[]): Sample => ({
  stage,
  cause,
  details,
  output: lines.join('\n'),
});

const SAMPLES: Readonly<Record<string, readonly Sample[]>> = {
  source: [
    sample(
      'source',
      'source_auth_failed',
      { repository: 'https://git.acme.dev/acme/billing.git', status: '403' },
      "fatal: unable to access 'https://git.acme.dev/acme/billing.git/': The requested URL returned error: 403",
    ),
    sample(
      'source',
      'source_auth_failed',
      { host: 'https://git.acme.dev', repository: 'https://git.acme.dev/private/shop.git' },
      "Cloning 'https://git.acme.dev/private/shop.git'",
      "fatal: could not read Username for 'https://git.acme.dev': terminal prompts disabled",
    ),
    sample(
      'source',
      'source_auth_failed',
      { keyFile: '/srv/keys/deploy_key' },
      "Permissions 0644 for '/srv/keys/deploy_key' are too open.",
      'git@git.acme.dev: Permission denied (publickey).',
      'fatal: Could not read from remote repository.',
    ),
    sample(
      'source',
      'source_ref_not_found',
      { ref: 'release/2.5' },
      'fatal: Remote branch release/2.5 not found in upstream origin',
    ),
    sample(
      'source',
      'source_ref_not_found',
      { ref: 'v3.1.0' },
      "error: pathspec 'v3.1.0' did not match any file(s) known to git",
    ),
    sample(
      'source',
      'source_unreachable',
      { repository: 'https://git.acme.dev/a/b.git', status: '429' },
      "fatal: unable to access 'https://git.acme.dev/a/b.git/': The requested URL returned error: 429",
    ),
    sample(
      'source',
      'source_unreachable',
      { host: 'git.acme.dev', port: '443' },
      "fatal: unable to access 'https://git.acme.dev/a/b.git/': Failed to connect to git.acme.dev port 443 after 0 ms: Couldn't connect to server",
    ),
    sample(
      'source',
      'source_ssh_host_key',
      { host: 'git.acme.dev', changed: true },
      '@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @',
      'Host key for git.acme.dev has changed and you have requested strict checking.',
      'Host key verification failed.',
      'fatal: Could not read from remote repository.',
    ),
    sample(
      'source',
      'source_repo_not_found',
      { repository: 'https://git.acme.dev/a/gone.git' },
      "fatal: repository 'https://git.acme.dev/a/gone.git/' not found",
    ),
    sample(
      'source',
      'tls_untrusted',
      { host: 'git.acme.dev' },
      "fatal: unable to access 'https://git.acme.dev/a/b.git/': server certificate verification failed. CAfile: none",
    ),
  ],
  checkout: [
    sample(
      'source',
      'source_submodule_failed',
      { path: '/srv/app/ui' },
      "fatal: clone of 'https://git.acme.dev/gone/ui.git' into submodule path '/srv/app/ui' failed",
    ),
    sample(
      'source',
      'source_lfs',
      { file: 'hero.mp4' },
      'Error downloading object: hero.mp4 (4d7a214): Smudge error: [404] Object does not exist on the server',
      'fatal: hero.mp4: smudge filter lfs failed',
    ),
    sample(
      'source',
      'source_checkout_state',
      { path: "destination path 'app'" },
      "fatal: destination path 'app' already exists and is not an empty directory.",
    ),
  ],
  registry: [
    sample(
      'install',
      'registry_auth',
      { code: 'E401' },
      'npm error code E401',
      'npm error Unable to authenticate, your authentication token seems to be invalid.',
    ),
    sample(
      'install',
      'registry_auth',
      { variable: 'NPM_TOKEN' },
      ' WARN  Issue while reading "/srv/app/.npmrc". Failed to replace env in config: ${NPM_TOKEN}',
      ' ERR_PNPM_FETCH_401  GET https://registry.example.org/@acme%2Fsdk: Unauthorized - 401',
    ),
    sample(
      'install',
      'registry_unreachable',
      { host: 'registry.example.org' },
      'npm error code EAI_AGAIN',
      'npm error syscall getaddrinfo',
      'npm error request to https://registry.example.org/express failed, reason: getaddrinfo EAI_AGAIN registry.example.org',
    ),
    sample(
      'install',
      'registry_unreachable',
      { status: '500', url: 'http://npm.acme.dev:4873/broken' },
      'npm error 500 Internal Server Error - GET http://npm.acme.dev:4873/broken',
    ),
    sample(
      'install',
      'registry_unreachable',
      { url: 'http://npm.acme.dev:4873/hangup' },
      'npm ERR! code ECONNRESET',
      'npm ERR! network request to http://npm.acme.dev:4873/hangup failed, reason: socket hang up',
    ),
    sample(
      'install',
      'tls_untrusted',
      { host: 'npm.acme.dev' },
      'npm error code DEPTH_ZERO_SELF_SIGNED_CERT',
      'npm error request to https://npm.acme.dev:4874/@acme%2fcore failed, reason: self-signed certificate',
    ),
    sample(
      'install',
      'download_failed',
      { tool: 'Chrome', skip: 'PUPPETEER_SKIP_DOWNLOAD' },
      'npm error Error: ERROR: Failed to set up Chrome v124.0.6367.91! Set "PUPPETEER_SKIP_DOWNLOAD" env variable to skip download.',
    ),
  ],
  packages: [
    sample(
      'install',
      'package_not_found',
      { package: '@acme/missing-kit' },
      'npm error code E404',
      'npm error 404 Not Found - GET http://npm.acme.dev:4873/@acme%2fmissing-kit - Not found',
    ),
    sample(
      'install',
      'package_not_found',
      { package: 'gone' },
      '#10 1.313 npm ERR! 404 Not Found - GET http://npm.acme.dev:4873/gone/-/gone-2.1.0.tgz - tarball not found',
    ),
    sample(
      'install',
      'version_not_found',
      { package: 'express', wanted: '9.1.0', latest: '5.3.0' },
      ' ERR_PNPM_NO_MATCHING_VERSION  No matching version found for express@9.1.0 while fetching it from https://registry.example.org/',
      '',
      'The latest release of express is "5.3.0". Published at 10/9/2026',
    ),
    sample(
      'install',
      'version_not_found',
      { package: '@acme/kit', wanted: '^9.0.0' },
      'npm error code ETARGET',
      'npm error notarget No matching version found for @acme/kit@^9.0.0.',
    ),
    sample(
      'install',
      'integrity_mismatch',
      { package: 'badint' },
      ' WARN  GET http://npm.acme.dev:4873/badint/-/badint-2.1.0.tgz error (ERR_PNPM_TARBALL_INTEGRITY). Will retry in 10 seconds.',
    ),
  ],
  lockfiles: [
    sample(
      'install',
      'lockfile_out_of_sync',
      { packages: 'express@4.18.2', lockfile: 'package-lock.json' },
      'npm error code EUSAGE',
      'npm error `npm ci` can only install packages when your package.json and package-lock.json or npm-shrinkwrap.json are in sync.',
      'npm error',
      'npm error Missing: express@4.18.2 from lock file',
    ),
    sample(
      'install',
      'lockfile_out_of_sync',
      { packages: 'zod' },
      ' ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile" because pnpm-lock.yaml is not up to date with package.json',
      '    specifiers in the lockfile ({"express":"4.18.2"}) don\'t match specs in package.json ({"zod":"^3.23.8","express":"4.18.2"})',
    ),
    sample(
      'install',
      'lockfile_out_of_sync',
      { packages: 'zod' },
      '➤ YN0028: │ +    zod: "npm:^3.23.8"',
      '➤ YN0028: │ The lockfile would have been modified by this install, which is explicitly forbidden.',
    ),
    sample(
      'install',
      'lockfile_missing',
      { lockfile: 'package-lock.json' },
      'npm ERR! The `npm ci` command can only install with an existing package-lock.json or',
    ),
    sample(
      'install',
      'package_manager_mismatch',
      { lockfile: '/srv/app/pnpm-lock.yaml' },
      ' WARN  Ignoring not compatible lockfile at /srv/app/pnpm-lock.yaml',
      ' ERR_PNPM_NO_LOCKFILE  Cannot install with "frozen-lockfile" because pnpm-lock.yaml is absent',
    ),
  ],
  dependencies: [
    sample(
      'install',
      'peer_conflict',
      { by: 'react-helmet-async@1.3.0', found: 'react@19.0.0' },
      'npm error code ERESOLVE',
      'npm error ERESOLVE unable to resolve dependency tree',
      'npm error Found: react@19.0.0',
      'npm error Could not resolve dependency:',
      'npm error peer react@"^16.6.0 || ^17.0.0" from react-helmet-async@1.3.0',
    ),
    sample(
      'install',
      'local_dependency_missing',
      { dependency: 'workspace:^' },
      'npm ERR! code EUNSUPPORTEDPROTOCOL',
      'npm ERR! Unsupported URL Type "workspace:": workspace:^',
    ),
    sample(
      'install',
      'manifest_missing',
      { path: '/srv/app/package.json' },
      'npm error code ENOENT',
      "npm error enoent Could not read package.json: Error: ENOENT: no such file or directory, open '/srv/app/package.json'",
    ),
    sample(
      'install',
      'manifest_invalid',
      { package: 'zod@^3.23.8' },
      'npm error code EOVERRIDE',
      'npm error Override for zod@^3.23.8 conflicts with direct dependency',
    ),
    sample(
      'install',
      'git_dependency_failed',
      { repository: 'ssh://git@github.com/acme/pricing.git' },
      'npm error code 128',
      'npm error An unknown git error occurred',
      'npm error command git --no-replace-objects ls-remote ssh://git@github.com/acme/pricing.git',
      'npm error ssh: connect to host github.com port 22: Connection refused',
    ),
    sample(
      'install',
      'lifecycle_script_failed',
      { wanted: '0.21.5', found: '0.18.20' },
      'npm error path /srv/app/node_modules/esbuild',
      'npm error Error: Expected "0.21.5" but got "0.18.20"',
    ),
  ],
  runtime: [
    sample(
      'install',
      'runtime_version',
      { package: 'commander@13.0.0', wanted: '>=18', running: '16.20.2' },
      'error commander@13.0.0: The engine "node" is incompatible with this module. Expected version ">=18". Got "16.20.2"',
      'error Found incompatible module.',
    ),
    sample(
      'environment',
      'system_library',
      { library: 'GLIBC_2.27, GLIBC_2.28' },
      "node: /lib64/libm.so.6: version `GLIBC_2.27' not found (required by node)",
      "node: /lib64/libc.so.6: version `GLIBC_2.28' not found (required by node)",
    ),
    sample(
      'build',
      'openssl_legacy',
      { code: 'error:0308010C' },
      'Error: error:0308010C:digital envelope routines::unsupported',
    ),
  ],
  nativeModules: [
    sample(
      'install',
      'native_build_failed',
      { package: 'better-sqlite3', tool: 'make' },
      'npm error path /srv/app/node_modules/better-sqlite3',
      'npm error prebuild-install warn install getaddrinfo ENOTFOUND github.com',
      'npm error gyp ERR! stack Error: not found: make',
    ),
    sample(
      'health',
      'platform_binary',
      { file: 'better_sqlite3.node', built: '115', wanted: '108' },
      "Error: The module '/app/node_modules/better-sqlite3/build/Release/better_sqlite3.node'",
      'was compiled against a different Node.js version using',
      'NODE_MODULE_VERSION 115. This version of Node.js requires',
      'NODE_MODULE_VERSION 108. Please try re-compiling or re-installing',
    ),
    sample(
      'health',
      'platform_binary',
      { file: 'bcrypt_lib.node' },
      'Error: /app/node_modules/bcrypt/lib/binding/napi-v3/bcrypt_lib.node: invalid ELF header',
      "  code: 'ERR_DLOPEN_FAILED'",
    ),
    sample(
      'build',
      'platform_binary',
      { package: '@rollup/rollup-linux-x64-gnu' },
      'Error: Cannot find module @rollup/rollup-linux-x64-gnu. npm has a bug related to optional dependencies (https://github.com/npm/cli/issues/4828).',
    ),
  ],
  commands: [
    sample(
      'build',
      'tool_missing',
      { tool: 'vite' },
      '> shop@1.0.0 build',
      '> vite build',
      '',
      'sh: 1: vite: not found',
    ),
    sample(
      'health',
      'dev_dependencies_missing',
      { tool: 'nodemon' },
      '> nodemon server.js',
      '',
      'sh: 1: nodemon: not found',
    ),
    sample('build', 'script_missing', { script: 'build:prod' }, 'npm ERR! Missing script: "build:prod"'),
    sample('build', 'script_missing', { script: 'build' }, 'yarn run v1.22.22', 'error Command "build" not found.'),
    sample(
      'build',
      'build_config_invalid',
      { file: 'tsconfig.json', line: '4' },
      "tsconfig.json(4,25): error TS6046: Argument for '--moduleResolution' option must be: 'node', 'classic'.",
    ),
  ],
  modules: [
    sample(
      'build',
      'module_not_found',
      { module: 'express', file: 'src/server.ts' },
      "src/server.ts(1,21): error TS2307: Cannot find module 'express' or its corresponding type declarations.",
    ),
    sample(
      'build',
      'module_not_found',
      { module: './App.jsx', importer: 'src/main.jsx' },
      '21:15:19.841 Could not resolve "./App.jsx" from "src/main.jsx"',
    ),
    sample(
      'health',
      'module_not_found',
      { module: 'compression', importer: '/app/server.js' },
      "Error: Cannot find module 'compression'",
      'Require stack:',
      '- /app/server.js',
      "  code: 'MODULE_NOT_FOUND',",
    ),
    sample(
      'health',
      'esm_cjs_mismatch',
      { module: 'chalk' },
      'Error [ERR_REQUIRE_ESM]: require() of ES Module /app/node_modules/chalk/source/index.js from /app/build.js not supported.',
    ),
    sample(
      'health',
      'build_output_missing',
      { path: '.next' },
      "[Error: Could not find a production build in the '.next' directory. Try building your app with 'next build' before starting the production server.]",
    ),
    sample(
      'health',
      'build_output_missing',
      { path: '/app/dist/server.js' },
      "Error: Cannot find module '/app/dist/server.js'",
      "  code: 'MODULE_NOT_FOUND',",
      '  requireStack: []',
    ),
  ],
  sourceCode: [
    sample(
      'build',
      'type_error',
      { file: 'src/cart.ts', line: '3', code: 'TS2339', errors: 2 },
      "\u001b[96msrc/cart.ts\u001b[0m(3,39): error TS2339: Property 'quantity' does not exist on type 'Item'.",
      "src/cart.ts(9,1): error TS2322: Type 'string' is not assignable to type 'number'.",
    ),
    sample(
      'build',
      'type_error',
      { file: 'src/m.ts' },
      "@acme/api:build: src/m.ts(1,14): error TS2322: Type 'string | undefined' is not assignable to type 'number'.",
    ),
    sample(
      'build',
      'prerender_error',
      { page: '/products', message: "TypeError: Cannot read properties of undefined (reading 'map')" },
      'Error occurred prerendering page "/products". Read more: https://nextjs.org/docs/messages/prerender-error',
      '',
      "TypeError: Cannot read properties of undefined (reading 'map')",
    ),
    sample('package', 'tests_failed', { test: 'adds VAT' }, '#8 0.179 not ok 1 - adds VAT'),
  ],
  variables: [
    sample(
      'build',
      'env_var',
      { variable: 'STRIPE_SECRET_KEY, DATABASE_URL' },
      "❌ Invalid environment variables: { STRIPE_SECRET_KEY: [ 'Required' ], DATABASE_URL: [ 'Required' ] }",
    ),
    sample('migrate', 'env_var', { variable: 'DATABASE_URL' }, 'error: Environment variable not found: DATABASE_URL.'),
    sample(
      'health',
      'env_var',
      { variable: 'SESSION_SECRET' },
      "    throw new Error('SESSION_SECRET is not set');",
      '    ^',
      'Error: SESSION_SECRET is not set',
    ),
    sample(
      'build',
      'env_var',
      { page: '/' },
      'Error occurred prerendering page "/".',
      'TypeError: Failed to parse URL from undefined/products',
    ),
  ],
  database: [
    sample(
      'migrate',
      'database_unreachable',
      { address: '127.0.0.1:5432' },
      'AggregateError [ECONNREFUSED]:',
      'Error: connect ECONNREFUSED 127.0.0.1:5432',
    ),
    sample('migrate', 'database_auth_failed', { user: 'app' }, 'error: password authentication failed for user "app"'),
    sample('migrate', 'database_missing', { database: 'shop' }, 'error: database "shop" does not exist'),
    sample(
      'migrate',
      'database_permission',
      { object: 'extension "pg_trgm"' },
      'ERROR:  permission denied to create extension "pg_trgm"',
    ),
  ],
  migrations: [
    sample(
      'migrate',
      'migration_object_exists',
      { object: 'users', migration: '20260101_init.js' },
      'migration file "20260101_init.js" failed',
      'migration failed with error: create table "users" ("id" serial primary key) - relation "users" already exists',
    ),
    sample(
      'migrate',
      'migration_previous_failed',
      { migration: '20251231000000_prices' },
      'Error: P3009',
      '',
      'The `20251231000000_prices` migration started at 2026-11-23 21:26:01.285526 UTC failed',
    ),
    sample(
      'migrate',
      'migration_lock',
      { unlock: 'knex migrate:unlock' },
      "Can't take lock to run migrations: Migration table is already locked",
    ),
    sample(
      'migrate',
      'migration_sql_error',
      { message: 'syntax error at or near "ADDD"' },
      'error: syntax error at or near "ADDD"',
    ),
    sample(
      'migrate',
      'migration_data_conflict',
      { object: 'currency' },
      'error: column "currency" of relation "orders" contains null values',
    ),
  ],
  machine: [
    sample(
      'build',
      'out_of_memory',
      { kind: 'heap' },
      'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
    ),
    sample(
      'build',
      'disk_full',
      { message: 'no space left on device' },
      'npm WARN tar ENOSPC: no space left on device, write',
    ),
    sample(
      'install',
      'filesystem_permission',
      { path: '/srv/app/node_modules/request', operation: 'mkdir' },
      'npm error code EACCES',
      "npm error Error: EACCES: permission denied, mkdir '/srv/app/node_modules/request'",
    ),
  ],
  container: [
    sample(
      'package',
      'docker_unavailable',
      { socket: 'unix:///var/run/docker.sock' },
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    ),
    sample(
      'environment',
      'image_base_not_found',
      { image: 'acme/base:1' },
      'pull access denied for acme/base:1, repository does not exist or may require authorization',
    ),
  ],
  application: [
    sample(
      'health',
      'port_in_use',
      { address: '0.0.0.0:3000' },
      'Error: listen EADDRINUSE: address already in use 0.0.0.0:3000',
      "  code: 'EADDRINUSE',",
    ),
    sample(
      'health',
      'config_file_missing',
      { file: 'config/production.json' },
      "Error: ENOENT: no such file or directory, open 'config/production.json'",
    ),
    sample(
      'health',
      'app_crash',
      { place: '/app/server.js:3:5' },
      'TypeError: app.use() requires a middleware function',
      '    at Function.use (/app/node_modules/express/lib/application.js:217:11)',
      '    at Object.<anonymous> (/app/server.js:3:5)',
    ),
  ],
};

describe.each(Object.entries(SAMPLES))('%s', (_, samples) => {
  it.each(samples.map((one): [string, Sample] => [`${one.cause} in ${one.stage}`, one]))(
    'names %s',
    (_name, { stage, output, cause, details }) => {
      const command = 'npm run build';
      const found = classify({ stage, output, exit: { code: 1, signal: null }, error: null, command, context: {} });
      expect(found).toMatchObject({ cause, details, stage });
      expect(found.evidence[0]?.line).toBeGreaterThan(0);
      for (const text of [found.title, found.explanation, found.fix]) {
        expect(text.replaceAll(/undefined(?=\W)/g, (word) => (output.includes(word) ? '' : word))).not.toContain(
          'undefined',
        );
        expect(text).not.toMatch(/\bnull\b|\{\}|\s{2}|\s[,:)]|\s\.(?:\s|$)/);
      }
    },
  );
});

describe('all rules', () => {
  it('have names of their own', () => {
    const names = RULES.map(({ cause }) => cause);
    expect(new Set(names).size).toBe(names.length);
  });

  it('find nothing in an output that says nothing', () => {
    for (const stage of ['source', 'install', 'build', 'migrate', 'health'] as const) {
      const found = classify({
        stage,
        output:
          'added 112 packages, and audited 113 packages in 3s\nfound 0 vulnerabilities\n✓ built in 1.2s\n0 errors',
        exit: { code: 1, signal: null },
        error: null,
        command: 'npm run build',
        context: {},
      });
      expect(found.cause).toBe('unknown');
    }
  });

  it.each([
    ['one long word', 'a'],
    ['spaces', ' '],
    ['quotes', "'"],
    ['parts of paths', '/a'],
    ['colons', ':1'],
    ['scopes', '@a/'],
    ['words', 'error: ENOENT '],
    ['escapes', '\u001b['],
    ['returns', '\r'],
  ])('take linear time on hostile lines: %s', (_, part) => {
    const hostile = part.repeat(Math.ceil(200_000 / part.length));
    const output = Array.from({ length: 5 }, () => `npm error ${hostile} not found ENOENT 404 certificate`).join('\n');
    const start = performance.now();
    classify({ stage: 'install', output, exit: { code: 1, signal: null }, error: null, command: 'x', context: {} });
    // A quadratic pattern takes minutes here; a linear one a few milliseconds, and this machine may be busy.
    expect(performance.now() - start).toBeLessThan(1_500);
  });
});
