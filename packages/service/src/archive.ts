import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type ArchiveEntry, ArchiveRules, SwitchyardError } from '@switchyard/domain';
import { extract } from 'tar-stream';

/** A file or link of an archive. `content` is taken before the next one is asked for; what is not taken is passed over. */
export type ArchivedItem = Exclude<ArchiveEntry, { kind: 'nothing' }> & { readonly content: AsyncIterable<Uint8Array> };

function unreadable(error: unknown): unknown {
  if (error instanceof SwitchyardError || !(error instanceof Error)) return error;
  const code = 'code' in error ? String(error.code) : '';
  if (code === 'Z_BUF_ERROR' || error.message === 'Unexpected end of data')
    return new SwitchyardError(
      'upload-refused',
      'The archive is cut off. Pack the folder again, and send all of it.',
      {},
      error,
    );
  if (code.startsWith('Z_'))
    return new SwitchyardError(
      'upload-refused',
      'The archive is no valid gzip: `tar -cz -C FOLDER .` makes one.',
      {},
      error,
    );
  if (/header|max size|padding/i.test(error.message))
    return new SwitchyardError(
      'upload-refused',
      'What is packed in the gzip is no valid tar: `tar -cz -C FOLDER .` makes one.',
      {},
      error,
    );
  return error;
}

async function* bytesOf(content: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const piece of content) {
    if (!(piece instanceof Uint8Array)) throw new TypeError('an archive holds bytes');
    yield piece;
  }
}

/**
 * The files and links of a tar.gz, judged by `ArchiveRules` as they come: nothing of it touches a disk. Rejects with `upload-refused`
 * as soon as something speaks against it, so that what was made of the items before it has to be thrown away.
 */
export async function* readArchive(bytes: Readable): AsyncGenerator<ArchivedItem, { files: number }> {
  const rules = new ArchiveRules();
  const gunzip = createGunzip();
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        rules.unpacked(chunk.length, gunzip.bytesWritten);
        done(null, chunk);
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
  const entries = extract();
  const reading = pipeline(bytes, gunzip, count, entries);
  // Whoever reads the entries hears of a failure; when nobody does any more, it does not matter.
  reading.catch(() => undefined);
  try {
    for await (const entry of entries) {
      const { name, type, linkname, mode = 0, size = 0 } = entry.header;
      const kind = type === 'contiguous-file' ? 'file' : (type ?? null);
      const item = rules.entry({ type: kind, path: name, target: linkname ?? null, mode, bytes: size });
      if (item.kind !== 'nothing') yield { ...item, content: bytesOf(entry) };
      entry.resume();
    }
    await reading;
    rules.end();
    return { files: rules.files };
  } catch (error) {
    throw unreadable(error);
  } finally {
    bytes.destroy();
    entries.destroy();
  }
}

/** Reads an archive to its end and keeps nothing. Rejects as `readArchive` does. */
export async function checkArchive(bytes: Readable): Promise<{ files: number }> {
  const items = readArchive(bytes);
  for (;;) {
    const next = await items.next();
    if (next.done === true) return next.value;
  }
}
