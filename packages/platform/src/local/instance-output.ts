import { execFile } from 'node:child_process';
import { open, readFile, rename, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { isErrno } from './disk.ts';
import { findProgram } from './guard.ts';

/**
 * Output goes to one file, opened for appending, because a file needs no reader that lives: offsets in it are offsets in all that was
 * ever written. When it grows too large its oldest part is given back to the file system as a hole (`fallocate --punch-hole`), which
 * loses nothing that is written meanwhile. Where holes can't be made the file is cut to nothing instead, and `base` keeps offsets
 * true; what is written in that very moment can be lost.
 */
const Kept = z.object({ base: z.number(), from: z.number() });
type Kept = z.infer<typeof Kept>;

/** Holes are made of whole blocks. */
const BLOCK = 4096;

const fileOf = (directory: string) => join(directory, 'output');

async function keptOf(directory: string): Promise<Kept> {
  try {
    return Kept.parse(JSON.parse(await readFile(join(directory, 'output.json'), 'utf8')));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return { base: 0, from: 0 };
    throw error;
  }
}

async function keep(directory: string, kept: Kept): Promise<void> {
  const file = join(directory, 'output.json');
  await writeFile(`${file}.new`, JSON.stringify(kept));
  await rename(`${file}.new`, file);
}

async function sizeOf(directory: string): Promise<number> {
  try {
    return (await stat(fileOf(directory))).size;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0;
    throw error;
  }
}

async function punch(path: string, length: number): Promise<boolean> {
  const program = findProgram('fallocate');
  if (program === null) return false;
  try {
    await promisify(execFile)(program, ['--punch-hole', '--offset', '0', '--length', String(length), path]);
    return true;
  } catch {
    return false;
  }
}

/** Brings kept output down to half of `maxBytes` when it is more than that. The oldest goes. */
export async function limitOutput(directory: string, maxBytes: number): Promise<void> {
  const size = await sizeOf(directory);
  const kept = await keptOf(directory);
  if (kept.base + size - kept.from <= maxBytes) return;
  const position = Math.floor((size - maxBytes / 2) / BLOCK) * BLOCK;
  // Said before it is done: a reader must not take the hole for output.
  await keep(directory, { base: kept.base, from: kept.base + position });
  if (await punch(fileOf(directory), position)) return;
  await truncate(fileOf(directory), 0);
  await keep(directory, { base: kept.base + size, from: kept.base + size });
}

export async function readOutput(
  directory: string,
  offset: number,
  maxBytes: number,
): Promise<{ bytes: Buffer; next: number }> {
  const size = await sizeOf(directory);
  const { base, from } = await keptOf(directory);
  const end = base + size;
  // An app can cut its own output (`> /dev/stdout`): then what it wrote since is what there is.
  const oldest = from > end ? base : from;
  const start = offset > end ? oldest : Math.max(offset, oldest);
  const length = Math.max(0, Math.min(maxBytes, end - start));
  if (length === 0) return { bytes: Buffer.alloc(0), next: start };
  const file = await open(fileOf(directory), 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, start - base);
    return { bytes: buffer.subarray(0, bytesRead), next: start + bytesRead };
  } finally {
    await file.close();
  }
}
