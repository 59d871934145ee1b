import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import { z } from 'zod';
import { endProcess, identityOf, isRunning, ProcessIdentity } from './process-identity.ts';

/** Who runs on a data directory, and what it started: after a crash the next start ends what is left before it starts its own. */
const LockFile = z.object({ holder: ProcessIdentity, started: z.array(ProcessIdentity.extend({ name: z.string() })) });
type LockFile = z.infer<typeof LockFile>;
export type StartedProcess = LockFile['started'][number];

export interface Lock {
  /** Writes down what runs now on this start's behalf. */
  remember(started: readonly StartedProcess[]): Promise<void>;
  release(): Promise<void>;
}

const TAKE_ATTEMPTS = 20;

/**
 * Takes a data directory for this process. The lock of a dead holder is taken over, after what it left running is ended (`graceMs` from
 * TERM to KILL). Rejects with `config-invalid` naming the holder when it runs.
 */
export async function takeLock(
  dataDirectory: string,
  options: { graceMs: number; say: (line: string) => void },
): Promise<Lock> {
  const path = join(dataDirectory, 'start.lock');
  const holder = await identityOf(process.pid);
  if (holder === null) throw new Error('this process is not in the process table');
  const own = (started: readonly StartedProcess[]): string => `${JSON.stringify({ holder, started })}\n`;

  for (let attempt = 1; !(await writeNew(path, own([]))); attempt += 1) {
    if (attempt === TAKE_ATTEMPTS)
      throw new SwitchyardError('config-invalid', `The lock ${path} can't be taken; remove the file and start again.`);
    const found = await readIfThere(path);
    if (found === null) continue;
    const known = parseLock(found);
    if (known !== null && (await isRunning(known.holder))) throw held(dataDirectory, known.holder.pid);
    if (!(await setAside(path, found))) continue;
    if (known !== null) await endLeft(known.started, options);
  }

  return {
    remember: (started) => writeWhole(path, own(started)),
    release: () => rm(path, { force: true }),
  };
}

function held(dataDirectory: string, pid: number): SwitchyardError {
  return new SwitchyardError(
    'config-invalid',
    `Switchyard runs already on ${dataDirectory} (process ${pid}). Use that one, or stop it with Ctrl-C in its terminal or \`kill ${pid}\`; ` +
      'or set SWITCHYARD_DATA_DIR, SWITCHYARD_API_PORT and SWITCHYARD_ROUTER_PORT to run a second one beside it.',
    { pid },
  );
}

async function endLeft(
  started: readonly StartedProcess[],
  { graceMs, say }: { graceMs: number; say: (line: string) => void },
): Promise<void> {
  const alive = [];
  for (const one of started) if (await isRunning(one)) alive.push(one);
  if (alive.length === 0) return;
  say(
    `the last start ended without stopping its processes; ending ${alive.map(({ name, pid }) => `${name} (${pid})`).join(', ')}`,
  );
  // Redis last: the others finish what they write.
  await Promise.all(alive.filter(({ name }) => name !== 'redis').map((one) => endProcess(one, graceMs)));
  await Promise.all(alive.filter(({ name }) => name === 'redis').map((one) => endProcess(one, graceMs)));
}

/** Moves a dead holder's lock away; false when another start was faster (what it wrote is put back). */
async function setAside(path: string, expected: string): Promise<boolean> {
  const aside = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    await rename(path, aside);
  } catch {
    return false;
  }
  const moved = await readIfThere(aside);
  if (moved !== expected) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
  return moved === expected;
}

function parseLock(text: string): LockFile | null {
  try {
    return LockFile.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

async function readIfThere(path: string): Promise<string | null> {
  return await readFile(path, 'utf8').catch(() => null);
}

/** Whole or not at all, so that nobody reads half a lock; false where there is one. */
async function writeNew(path: string, text: string): Promise<boolean> {
  const beside = await writeBeside(path, text);
  try {
    await link(beside, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(beside, { force: true });
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await rename(await writeBeside(path, text), path);
}

async function writeBeside(path: string, text: string): Promise<string> {
  const beside = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await writeFile(beside, text, { mode: 0o600 });
  return beside;
}
