import { spawn } from 'node:child_process';
import { lstat, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { carry, commandLine, type Entrance } from './entrance.ts';
import { removeTree } from './file-tree.ts';
import { firstProcess } from './first-process.ts';
import { findProgram } from './guard.ts';
import { COMMAND_PATH } from './host-tools.ts';
import { openOverlayAssembly } from './overlay-assembly.ts';
import { type Overlays, overlayCandidates } from './overlays.ts';

interface Tried {
  readonly code: number | null;
  readonly words: string;
}

function run(entrance: Entrance, command: string): Promise<Tried> {
  const { env, unpack } = carry({ PATH: COMMAND_PATH });
  const script = firstProcess(entrance.enter, commandLine(entrance.as, unpack));
  const [program = 'false', ...args] = [...entrance.prefix, '/bin/sh', '-c', script, 'sh', command];
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: entrance.directory,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let words = '';
    child.stderr.on('data', (chunk: Buffer) => {
      words += chunk.toString();
    });
    child.once('error', (error) => resolve({ code: null, words: error.message }));
    child.once('close', (code) => resolve({ code, words: words.trim() }));
  });
}

/** Tries all that an overlay has to do, in a directory of its own in the data directory; answers why not, or null. */
async function refusal(overlays: Overlays, dataDir: string): Promise<string | null> {
  const directory = await mkdtemp(join(dataDir, '.overlay-'));
  try {
    const [tree, place] = [join(directory, 'tree'), join(directory, 'place')];
    await mkdir(join(tree, 'gone'), { recursive: true });
    await mkdir(place);
    await writeFile(join(tree, 'file'), 'below');
    const assembled = await openOverlayAssembly({ overlays, dataDir, hostTools: [] }).assemble({
      layers: [{ stack: { ids: ['probe'], trees: [tree], plain: true } }],
      place,
      user: null,
      shown: [],
    });
    const command = 'rm -r gone && test -d /proc/self && echo above >file && mkdir new';
    const { code, words } = await run(await assembled.entrance('.'), command);
    if (code !== 0) return words.split('\n').at(-1) ?? `exit code ${code}`;
    const whiteout = await lstat(join(assembled.kept().top, 'gone'));
    return whiteout.isCharacterDevice() ? null : 'what was deleted is not marked as deleted';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await removeTree(directory);
  }
}

/** Finds out what this host allows, by trying. */
export async function findOverlays(dataDir: string): Promise<Overlays | { readonly refused: string }> {
  const [setpriv, unshare] = [findProgram('setpriv'), findProgram('unshare')];
  const [mount, pivot] = [findProgram('mount'), findProgram('pivot_root')];
  const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  if (process.platform !== 'linux') return { refused: 'they are Linux’s' };
  if (setpriv === null || unshare === null || mount === null || pivot === null)
    return { refused: 'setpriv, unshare, mount or pivot_root (util-linux) is missing' };
  await mkdir(dataDir, { recursive: true });
  let refused = '';
  for (const overlays of overlayCandidates({ setpriv, unshare }, self)) {
    const because = await refusal(overlays, dataDir);
    if (because === null) return overlays;
    refused = because;
  }
  return { refused };
}
