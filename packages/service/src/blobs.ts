import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { SwitchyardError } from '@switchyard/domain';

/**
 * Bytes that are too many for Redis: log chunks and what caches remember. Keys are `/`-separated words of letters, digits, `.`, `_` and `-`. A blob is
 * whole or absent: it is written beside its place and renamed.
 */
export interface Blobs {
  put(key: string, bytes: Uint8Array): Promise<void>;
  /**
   * Writes what comes. When `bytes` breaks, or is more than `maxBytes` (`body-too-large`, as soon as it is), nothing of it stays. Rejects
   * with `disk-full`, and with the stream's own error.
   */
  putStream(
    key: string,
    bytes: AsyncIterable<Uint8Array>,
    options: { maxBytes: number },
  ): Promise<{ bytes: number; sha256: string }>;
  /** Fails with `ENOENT` where there is none. */
  read(key: string): Readable;
  /** null where there is none. */
  get(key: string): Promise<Buffer | null>;
  /** Keys that start with `prefix` (which ends in `/`), sorted. */
  list(prefix: string): Promise<string[]>;
  /** Keys under `prefix` that were written before `before`, in milliseconds. What was left half written before then is removed. */
  listOlder(prefix: string, before: number): Promise<string[]>;
  /** Removes everything under `prefix`, or the one of this key. */
  removeAll(prefix: string): Promise<void>;
}

const KEY = /^(?:[0-9A-Za-z_-][0-9A-Za-z._-]*\/)*[0-9A-Za-z_-][0-9A-Za-z._-]*\/?$/;

function pathOf(directory: string, key: string): string {
  if (!KEY.test(key)) throw new Error(`not a blob key: ${JSON.stringify(key)}`);
  return join(directory, key);
}

function isErrno(error: unknown, ...codes: readonly unknown[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(error.code);
}

const isMissing = (error: unknown): boolean => isErrno(error, 'ENOENT', 'ENOTDIR');

async function writeAll(path: string, pieces: AsyncIterable<Uint8Array>, maxBytes: number) {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const piece of pieces) {
      bytes += piece.length;
      if (bytes > maxBytes)
        throw new SwitchyardError('body-too-large', `The upload has more than ${maxBytes} bytes, which is the most.`);
      hash.update(piece);
      await file.writeFile(piece);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Blobs as files of a directory that all processes share. */
export function fileBlobs(directory: string): Blobs {
  let counter = 0;
  return {
    async put(key, bytes) {
      const path = pathOf(directory, key);
      const beside = `${path}.${process.pid}-${(counter += 1)}.part`;
      await mkdir(dirname(path), { recursive: true });
      const file = await open(beside, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, path);
    },

    async putStream(key, bytes, { maxBytes }) {
      const path = pathOf(directory, key);
      const beside = `${path}.${process.pid}-${(counter += 1)}.part`;
      await mkdir(dirname(path), { recursive: true });
      try {
        const written = await writeAll(beside, bytes, maxBytes);
        await rename(beside, path);
        return written;
      } catch (error) {
        await rm(beside, { force: true });
        if (!isErrno(error, 'ENOSPC', 'EDQUOT')) throw error;
        throw new SwitchyardError(
          'disk-full',
          'No space is left on the disk of the data directory. Free some, or give it a larger one.',
          {},
          error,
        );
      }
    },

    read(key) {
      return createReadStream(pathOf(directory, key));
    },

    async get(key) {
      try {
        return await readFile(pathOf(directory, key));
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    },

    async list(prefix) {
      const root = pathOf(directory, prefix);
      try {
        if (!(await stat(root)).isDirectory()) return [];
        const entries = await readdir(root, { withFileTypes: true, recursive: true });
        return entries
          .filter((entry) => entry.isFile() && !entry.name.endsWith('.part'))
          .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
          .sort();
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    },

    async listOlder(prefix, before) {
      const root = pathOf(directory, prefix);
      const entries = await readdir(root, { withFileTypes: true, recursive: true }).catch((error: unknown) => {
        if (isMissing(error)) return [];
        throw error;
      });
      const keys: string[] = [];
      for (const entry of entries) {
        if (!entry.isFile()) continue;
        const path = join(entry.parentPath, entry.name);
        const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: before }));
        if (mtimeMs >= before) continue;
        if (entry.name.endsWith('.part')) await rm(path, { force: true });
        else keys.push(path.slice(directory.length + 1));
      }
      return keys.sort();
    },

    async removeAll(prefix) {
      await rm(pathOf(directory, prefix), { recursive: true, force: true });
    },
  };
}
