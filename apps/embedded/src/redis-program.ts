import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { SwitchyardError } from '@switchyard/domain';

const run = promisify(execFile);
const PROGRAMS = ['redis-server', 'valkey-server'] as const;
const NEEDED = [6, 2] as const;

/** `Redis server v=7.0.15 sha=…` and `Valkey server v=8.0.1 …` → [7, 0, 15]; null for anything else. */
export function parseServerVersion(text: string): readonly [number, number, number] | null {
  const match = /\bv=(\d+)\.(\d+)\.(\d+)/.exec(text);
  return match === null ? null : [Number(match[1]), Number(match[2]), Number(match[3])];
}

export function isNewEnough([major, minor]: readonly [number, number, number]): boolean {
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

/** The full path of a program on PATH; null where there is none. */
export async function findOnPath(name: string, path: string): Promise<string | null> {
  for (const directory of path.split(delimiter)) {
    if (directory === '') continue;
    const candidate = join(directory, name);
    const usable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return candidate;
  }
  return null;
}

/** The first server on PATH that is new enough. Rejects with `config-invalid`, saying what is there and what to do. */
export async function findRedisProgram(path: string): Promise<string> {
  const tooOld: string[] = [];
  for (const name of PROGRAMS) {
    const program = await findOnPath(name, path);
    if (program === null) continue;
    const output = await run(program, ['--version'], { timeout: 10_000 }).then(
      ({ stdout }) => stdout,
      () => '',
    );
    const version = parseServerVersion(output);
    if (version !== null && isNewEnough(version)) return program;
    tooOld.push(`${program} is ${version === null ? 'of an unknown version' : `version ${version.join('.')}`}`);
  }
  const needed = `Redis or Valkey ${NEEDED.join('.')} or later`;
  throw new SwitchyardError(
    'config-invalid',
    tooOld.length > 0
      ? `${tooOld.join(', ')}; Switchyard needs ${needed}. Install a newer one, or set REDIS_URL to a running one.`
      : `There is no redis-server and no valkey-server on PATH. Install ${needed} (\`apt-get install redis-server\`, \`brew install redis\`), or set REDIS_URL to a running one.`,
  );
}
