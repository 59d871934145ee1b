import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import { z } from 'zod';
import { COMMAND_PATH, findHostNpm } from './host-tools.ts';
import { runOwn } from './own-command.ts';

const VERSIONS_FRESH_MS = 24 * 60 * 60_000;
const LAST_LINES = 8;
const FETCH_TIMEOUT_MS = 300_000;
const Versions = z.union([z.array(z.string()), z.string().transform((only) => [only])]);

export interface FetchOptions {
  readonly signal: AbortSignal;
  readonly onOutput: (chunk: Buffer) => void;
}

/** Packages from the operator's registry, fetched with the host's own npm under the operator's own npm configuration. */
export interface NpmFetch {
  versions(name: string, options: FetchOptions & { notOlderThan?: 'a-day' | 'now' }): Promise<string[]>;
  /** Installs one package below `directory`. */
  install(name: string, version: string, directory: string, options: FetchOptions): Promise<void>;
}

export function openNpmFetch(place: {
  versionsDir: string;
  cache: string;
  variables: Readonly<Record<string, string>>;
}): NpmFetch {
  async function npm(args: readonly string[], what: string, { signal }: FetchOptions): Promise<string> {
    const cli = findHostNpm();
    if (cli === null) {
      throw new SwitchyardError(
        'toolchain-unavailable',
        `${what} can't be fetched: there is no npm beside ${process.execPath}. Install npm on this host.`,
      );
    }
    const answer = await runOwn({
      words: [process.execPath, cli.script, ...args],
      signal,
      timeoutMs: FETCH_TIMEOUT_MS,
      env: {
        PATH: `${dirname(process.execPath)}:${COMMAND_PATH}`,
        HOME: homedir(),
        npm_config_cache: place.cache,
        npm_config_update_notifier: 'false',
        npm_config_fund: 'false',
        npm_config_audit: 'false',
        npm_config_fetch_retries: '2',
        ...place.variables,
      },
    });
    if (answer.succeeded) return answer.stdout.toString();
    const lines = answer.stderr.trim().split('\n').slice(-LAST_LINES);
    throw new SwitchyardError('toolchain-unavailable', `${what} can't be fetched. npm says: ${lines.join('\n')}`);
  }

  return {
    async versions(name, options) {
      const file = join(place.versionsDir, `${name.replaceAll('/', '+')}.json`);
      if (options.notOlderThan !== 'now') {
        try {
          if (Date.now() - (await stat(file)).mtimeMs < VERSIONS_FRESH_MS)
            return Versions.parse(JSON.parse(await readFile(file, 'utf8')));
        } catch {
          // Absent or unreadable: asked for again.
        }
      }
      const versions = Versions.parse(JSON.parse(await npm(['view', name, 'versions', '--json'], name, options)));
      await mkdir(place.versionsDir, { recursive: true });
      const beside = `${file}.${randomBytes(6).toString('hex')}`;
      await writeFile(beside, JSON.stringify(versions));
      await rename(beside, file);
      return versions;
    },
    async install(name, version, directory, options) {
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, 'package.json'), '{"private":true}\n');
      await npm(
        ['install', '--prefix', directory, '--no-save', '--no-package-lock', '--loglevel=error', `${name}@${version}`],
        `${name} ${version}`,
        options,
      );
    },
  };
}
