import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../process/root.mjs';
import { environment, runOrFail } from '../process/run.mjs';
import { say } from './say.mjs';

const INSTALL_TIMEOUT_MS = 10 * 60_000;
const modules = join(root, 'node_modules');
// Its own mark, since a Git checkout gives files any time it likes: what counts is which lockfile was installed.
const mark = join(modules, '.switchyard-installed');

function wanted() {
  const hash = createHash('sha256');
  hash.update(`${process.platform} ${process.arch} ${process.versions.modules}\n`);
  hash.update(readFileSync(join(root, 'pnpm-lock.yaml')));
  return hash.digest('hex');
}

function reason(fingerprint) {
  if (!existsSync(join(modules, '.modules.yaml'))) return 'node_modules is missing';
  const installed = existsSync(mark) ? readFileSync(mark, 'utf8') : '';
  return installed === fingerprint ? undefined : 'pnpm-lock.yaml has changed since the last install';
}

/** The workspace's packages, exactly as the lockfile says, with the pnpm that package.json pins. */
export async function ensurePackages() {
  const fingerprint = wanted();
  const why = reason(fingerprint);
  if (!why) return;
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const pnpm = String(packageManager).split('+')[0];
  say(`installing the workspace's packages with ${pnpm} (${why})`);
  await runOrFail(
    'npx',
    ['--yes', pnpm, 'install', '--frozen-lockfile', '--config.confirmModulesPurge=false', '--reporter=append-only'],
    {
      env: environment({ NODE_ENV: 'development' }),
      output: 'capture',
      timeoutMs: INSTALL_TIMEOUT_MS,
      failure: `The packages could not be installed. Is the npm registry reachable? Try: npx ${pnpm} install --frozen-lockfile`,
    },
  );
  writeFileSync(mark, fingerprint);
}
