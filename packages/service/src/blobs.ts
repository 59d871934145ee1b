import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Bytes that are too many for Redis: log chunks and what caches remember. Keys are `/`-separated words of letters, digits, `.`, `_` and `-`. A blob is
 * whole or absent: it is written beside its place and renamed.
 */
export interface Blobs {
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** null where there is none. */
  get(key: string): Promise<Buffer | null>;
  /** Keys that start with `prefix` (which ends in `/`), sorted. */
  list(prefix: string): Promise<string[]>;
  /** Removes everything under `prefix`. */
  removeAll(prefix: string): Promise<void>;
}

const KEY = /^(?:[0-9A-Za-z_-][0-9A-Za-z._-]*\/)*[0-9A-Za-z_-][0-9A-Za-z._-]*\/?$/;

function pathOf(directory: string, key: string): string {
  if (!KEY.test(key)) throw new Error(`not a blob key: ${JSON.stringify(key)}`);
  return join(directory, key);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
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

    async removeAll(prefix) {
      await rm(pathOf(directory, prefix), { recursive: true, force: true });
    },
  };
}
