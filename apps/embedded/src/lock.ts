import { randomBytes } from 'node:crypto';
import { link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
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
const RETRY_MS = 25;
const NAME = /^start\.lock\.(\d{1,9})$/;

/**
 * Takes a data directory for this process. The lock of a dead holder is taken over, after what it left running is ended (`graceMs` from
 * TERM to KILL). Rejects with `config-invalid` naming the holder when it runs.
 *
 * Locks are numbered files, made exclusively and never replaced: a takeover makes the next number, which only one of many can, and then
 * looks whether anybody else holds one, since a slow contender may have counted from a lock that is gone by now. Whoever made its file
 * later sees the other's.
 */
export async function takeLock(
  dataDirectory: string,
  options: { graceMs: number; say: (line: string) => void },
): Promise<Lock> {
  const holder = await identityOf(process.pid);
  if (holder === null) throw new Error('this process is not in the process table');
  const own = (started: readonly StartedProcess[]): string => `${JSON.stringify({ holder, started })}\n`;

  for (let attempt = 1; attempt <= TAKE_ATTEMPTS; attempt += 1) {
    const found = await readLocks(dataDirectory);
    await refuseWhileHeld(dataDirectory, found);
    const path = join(dataDirectory, `start.lock.${Math.max(0, ...found.map(({ number }) => number)) + 1}`);
    if (!(await writeNew(path, own([])))) continue;
    const others = (await readLocks(dataDirectory)).filter((lock) => lock.path !== path);
    if (await anyHeld(others)) {
      await rm(path, { force: true });
      await pause(RETRY_MS * Math.random());
      continue;
    }
    await endLeft(
      others.flatMap(({ content }) => content?.started ?? []),
      options,
    );
    for (const other of others) await rm(other.path, { force: true });
    return {
      remember: (started) => writeWhole(path, own(started)),
      release: () => rm(path, { force: true }),
    };
  }
  throw new SwitchyardError(
    'config-invalid',
    `The locks in ${dataDirectory} can't be taken; remove start.lock.* there and start again.`,
  );
}

interface FoundLock {
  readonly path: string;
  readonly number: number;
  /** null: unreadable, which only a machine that lost power leaves behind. */
  readonly content: LockFile | null;
}

async function readLocks(dataDirectory: string): Promise<FoundLock[]> {
  const locks: FoundLock[] = [];
  for (const name of await readdir(dataDirectory)) {
    const number = NAME.exec(name)?.[1];
    if (number === undefined) continue;
    const path = join(dataDirectory, name);
    const text = await readIfThere(path);
    if (text !== null) locks.push({ path, number: Number(number), content: parseLock(text) });
  }
  return locks;
}

async function anyHeld(locks: readonly FoundLock[]): Promise<boolean> {
  for (const { content } of locks) if (content !== null && (await isRunning(content.holder))) return true;
  return false;
}

async function refuseWhileHeld(dataDirectory: string, locks: readonly FoundLock[]): Promise<void> {
  for (const { content } of locks) {
    if (content !== null && (await isRunning(content.holder))) throw held(dataDirectory, content.holder.pid);
  }
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
  try {
    await writeFile(beside, text, { mode: 0o600 });
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  return beside;
}
