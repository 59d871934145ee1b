import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from './disk.ts';

/**
 * A data directory may lie inside somebody's project: `.switchyard` in Switchyard's own checkout does. Tools that look for their project in
 * the directories above must not find that one. (pnpm's search for a workspace is ended by detection's install command.)
 */

const BOUNDARY = {
  private: true,
  description: 'Ends the search of Node and npm for a package.json above the trees of apps.',
};

/** Where Node decides how a file without a package.json of its own is read, and where npm would look for a project. */
export async function writeBoundary(dataDir: string): Promise<void> {
  try {
    await writeFile(join(dataDir, 'package.json'), `${JSON.stringify(BOUNDARY, null, 2)}\n`, { flag: 'wx' });
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
  }
}

/** Git looks for a repository up to here, and not in here. */
export function ceilingVariables(dataDir: string): Record<string, string> {
  return { GIT_CEILING_DIRECTORIES: dataDir };
}
