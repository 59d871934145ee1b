import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { isErrno } from '../local/disk.ts';
import { bootId, isAlive, pidNamespace, processEntry } from '../local/process-table.ts';

/** A lock file between processes; says who holds it, so that a stuck one explains itself. */
const Holder = z.object({
  pid: z.int(),
  startedAt: z.string(),
  /** Pids mean something only to those that share both. */
  bootId: z.string(),
  namespace: z.string().nullable(),
});
type Holder = z.infer<typeof Holder>;

const BEAT_MS = 2_000;
/** Without a beat for this long a holder whose process we can't see is gone. */
const SILENT_MS = 30_000;
const POLL_MS = 25;

function self(): Holder {
  return {
    pid: process.pid,
    startedAt: processEntry(process.pid)?.startedAt ?? '',
    bootId: bootId(),
    namespace: pidNamespace('self'),
  };
}

async function isStale(path: string, text: string): Promise<boolean> {
  const holder = Holder.safeParse(parseJson(text)).data;
  const me = self();
  if (holder !== undefined && holder.bootId === me.bootId && holder.namespace === me.namespace) {
    return !isAlive(holder.pid, holder.startedAt);
  }
  try {
    return Date.now() - (await stat(path)).mtimeMs > SILENT_MS;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function take(path: string): Promise<boolean> {
  const beside = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  await writeFile(beside, JSON.stringify(self()));
  try {
    // A link appears with its content, or not at all.
    await link(beside, path);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw error;
  } finally {
    await rm(beside, { force: true });
  }
}

/** Moves a dead holder's lock away; when another process was faster, what was moved is a living one's, and goes back. */
async function breakStale(path: string): Promise<void> {
  try {
    const text = await readFile(path, 'utf8');
    if (!(await isStale(path, text))) return;
    const aside = `${path}.stale-${randomBytes(4).toString('hex')}`;
    await rename(path, aside);
    if ((await readFile(aside, 'utf8')) !== text) await link(aside, path).catch(() => {});
    await rm(aside, { force: true });
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

/** Acts while no other process and no other call of this one does under the same path. */
export async function underLock<T>(path: string, signal: AbortSignal | undefined, act: () => Promise<T>): Promise<T> {
  while (!(await take(path))) {
    signal?.throwIfAborted();
    await breakStale(path);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => {});
  }, BEAT_MS);
  beat.unref();
  try {
    return await act();
  } finally {
    clearInterval(beat);
    await rm(path, { force: true });
  }
}
