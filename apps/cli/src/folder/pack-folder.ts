import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Pack, pack } from 'tar-stream';
import { CommandError } from '../command-error.ts';
import type { Folder, FolderItem } from './list-folder.ts';

/** The same for everybody, so that the same content is the same archive, byte by byte. */
const SAME = { uid: 0, gid: 0, uname: '', gname: '', mtime: new Date(0) };

/** As many bytes as were listed: what is written to the file meanwhile is not sent, and what is missing then breaks the archive. */
async function* contentOf(file: string, { path, bytes }: { path: string; bytes: number }): AsyncGenerator<Buffer> {
  if (bytes === 0) return;
  let left = bytes;
  const changed = (cause?: unknown) =>
    new CommandError(`${path} changed or went away while the folder was packed. Try again.`, { cause });
  try {
    for await (const piece of createReadStream(file, { end: bytes - 1 }) as AsyncIterable<Buffer>) {
      left -= piece.length;
      yield piece;
    }
  } catch (error) {
    throw changed(error);
  }
  if (left !== 0) throw changed();
}

function put(into: Pack, directory: string, item: FolderItem): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve());
    if (item.kind === 'link') {
      into.entry({ ...SAME, name: item.path, type: 'symlink', linkname: item.target, mode: 0o777 }, done);
      return;
    }
    const mode = item.isExecutable ? 0o755 : 0o644;
    const entry = into.entry({ ...SAME, name: item.path, type: 'file', mode, size: item.bytes }, done);
    pipeline(contentOf(join(directory, item.path), item), entry).catch(reject);
  });
}

/** A folder as a tar.gz, made as it is read. Breaks with a `CommandError` when a file changes meanwhile. */
export function packFolder({ directory, items }: Folder): Readable {
  const into = pack();
  const gzip = createGzip();
  const fill = async (): Promise<void> => {
    for (const item of items) await put(into, directory, item);
    into.finalize();
  };
  fill().catch((error: Error) => into.destroy(error));
  pipeline(Readable.from(into, { objectMode: false }), gzip).catch((error: Error) => gzip.destroy(error));
  return gzip;
}
