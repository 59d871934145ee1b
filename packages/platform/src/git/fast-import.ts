import type { UploadedItem } from '../platform.ts';

/** The branch that is made. */
export const IMPORTED_REF = 'refs/heads/upload';

/** Of every upload, so that the commit's name says nothing but the content's. */
const SIGNATURE = 'upload <upload@switchyard.invalid> 0 +0000';

export const IMPORTED_MESSAGE = 'Uploaded folder';

const data = (content: Uint8Array | string): Buffer => {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from('\n')]);
};

/** A path between quotes, as `git fast-import` reads it. */
function quoted(path: string): string {
  return `"${path.replaceAll(/["\\\n]/g, (character) => (character === '\n' ? '\\n' : `\\${character}`))}"`;
}

/** What `git fast-import` has to read to make one commit of the items: each file's bytes as they come, then the tree. */
export async function* fastImport(items: AsyncIterable<UploadedItem>): AsyncGenerator<Buffer> {
  /** Paths to their mode and the mark of their content. */
  const tree = new Map<string, { mode: string; mark: number }>();
  let marks = 0;
  for await (const item of items) {
    if (item.kind === 'hard-link') {
      const original = tree.get(item.target);
      if (original === undefined) throw new Error(`${item.target} came not before its other name`);
      tree.set(item.path, original);
      continue;
    }
    marks += 1;
    yield Buffer.from(`blob\nmark :${marks}\n`);
    if (item.kind === 'symbolic-link') {
      tree.set(item.path, { mode: '120000', mark: marks });
      yield data(item.target);
      continue;
    }
    tree.set(item.path, { mode: item.isExecutable ? '100755' : '100644', mark: marks });
    yield Buffer.from(`data ${item.bytes}\n`);
    let left = item.bytes;
    for await (const piece of item.content) {
      left -= piece.length;
      yield Buffer.from(piece);
    }
    // Git would take what follows for the rest of the file.
    if (left !== 0) throw new Error(`${item.path} has not the size that was said`);
    yield Buffer.from('\n');
  }
  yield Buffer.from(`commit ${IMPORTED_REF}\nauthor ${SIGNATURE}\ncommitter ${SIGNATURE}\n`);
  yield data(IMPORTED_MESSAGE);
  for (const [path, { mode, mark }] of tree) yield Buffer.from(`M ${mode} :${mark} ${quoted(path)}\n`);
  yield Buffer.from('done\n');
}
