import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SwitchyardError } from '@switchyard/domain';
import { removeTree } from './file-tree.ts';
import { COMMAND_PATH } from './host-tools.ts';
import type { Overlays } from './overlays.ts';

/** Mounts what a stack comes to, read-only, as `merged` in a directory that `script` starts in; answers its exit code. */
async function onMerged(
  { prefix }: Overlays,
  trees: readonly string[],
  place: string,
  script: string,
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly words: string }> {
  // A read-only overlay has two directories at least.
  for (const name of ['merged', 'none']) await mkdir(join(place, name));
  for (const [index, tree] of trees.entries()) await symlink(tree, join(place, String(index)));
  const lower = [...trees.map((_, index) => String(index)).toReversed(), 'none'].join(':');
  const mount = `LIBMOUNT_FORCE_MOUNT2=always mount -t overlay overlay -o ro,userxattr,lowerdir=${lower} merged || exit 125`;
  const [program = 'false', ...words] = [...prefix, '/bin/sh', '-c', `${mount}\n${script}`, 'sh', ...args];
  const child = spawn(program, words, { cwd: place, env: { PATH: COMMAND_PATH }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, words: said.trim() }));
  });
}

/** Copies what a stack comes to into a new directory, as one tree that stands by itself. `into` has a parent that is there. */
export async function flatten(overlays: Overlays, trees: readonly string[], into: string): Promise<void> {
  const place = await mkdtemp(`${into}-flattening-`);
  try {
    const copy = 'exec cp -dpR --reflink=auto merged "$1"';
    const { code, words } = await onMerged(overlays, trees, place, copy, [into]);
    // `onDisk` knows a full disk by these words.
    if (code !== 0)
      throw new SwitchyardError(
        'engine-refused',
        `A file tree could not be put together: ${words}`,
        {},
        new Error(words),
      );
  } finally {
    await removeTree(place);
  }
}

/** Whether a stack shows a path. `scratch` is a directory for a moment's files. */
export async function isShown(
  overlays: Overlays,
  trees: readonly string[],
  path: string,
  scratch: string,
): Promise<boolean> {
  const place = await mkdtemp(join(scratch, '.looking-'));
  try {
    const { code } = await onMerged(overlays, trees, place, 'test -e "merged/$1" || test -L "merged/$1"', [path]);
    if (code === 125) throw new SwitchyardError('engine-refused', 'A file tree could not be put together.');
    return code === 0;
  } finally {
    await removeTree(place);
  }
}
