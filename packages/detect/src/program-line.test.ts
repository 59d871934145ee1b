import { expect, it } from 'vitest';
import { parseManifest } from './manifest.ts';
import { plugAndPlayLine, programLine } from './program-line.ts';

const manifest = parseManifest(
  'package.json',
  JSON.stringify({
    scripts: {
      start: 'node server.js',
      serve: 'next start',
      prehook: 'node before.js',
      hook: 'node it.js',
      posthook: 'node after.js',
      nested: 'pnpm hook && npm run start',
      loop: 'npm run loop',
      quoted: 'node -e "a && b"',
      'db:migrate': 'prisma migrate deploy',
      env: 'NODE_ENV=production tsx server.ts',
    },
  }),
);
const BIN = 'export PATH="$PWD/node_modules/.bin:$PATH"; ';

it.each([
  ['npm start', 'node server.js'],
  ['npm run start', 'node server.js'],
  ['yarn start', 'node server.js'],
  ['pnpm run start -- --port 1', 'node server.js --port 1'],
  ['npm run serve', `${BIN}next start`],
  ['bun run hook', 'node before.js && node it.js && node after.js'],
  ['npm run nested', 'node before.js && node it.js && node after.js && node server.js'],
  ['yarn db:migrate', `${BIN}prisma migrate deploy`],
  ['npm run env', `${BIN}NODE_ENV=production tsx server.ts`],
  ['pnpm exec knex migrate:latest', `${BIN}knex migrate:latest`],
  ['yarn knex migrate:latest', `${BIN}knex migrate:latest`],
  ['yarn node server.js', 'node server.js'],
  ['npx prisma migrate deploy', 'npx prisma migrate deploy'],
  ['npm run quoted', 'node -e "a && b"'],
  ['npm run unknown', 'npm run unknown'],
  ['npm ci', 'npm ci'],
  ['node migrate.js && npm start', 'node migrate.js && node server.js'],
  ['./run.sh', './run.sh'],
])('%s runs as %s', (command, line) => {
  expect(programLine(command, manifest, '.', '.')).toBe(line);
});

it('a script that runs itself does not hang', () => {
  expect(programLine('npm run loop', manifest, '.', '.')).toBe('npm run loop');
});

it('programs of the workspace’s root are found from a package of it', () => {
  expect(programLine('npm run serve', manifest, 'apps/web', '.')).toBe(
    'export PATH="$PWD/node_modules/.bin:$PWD/../../node_modules/.bin:$PATH"; next start',
  );
});

it.each([
  ['yarn run start', null, 'export NODE_OPTIONS="--require $PWD/../../.pnp.cjs"; node server.js'],
  ['yarn run serve', null, 'yarn run serve'],
  ['yarn run serve', '.yarn/releases/yarn-4.1.0.cjs', 'node "$PWD/../../.yarn/releases/yarn-4.1.0.cjs" run serve'],
])('with zipped packages, %s (yarn at %s) runs as %s', (command, yarnPath, line) => {
  expect(plugAndPlayLine(command, manifest, 'apps/web', '.', yarnPath)).toBe(line);
});
