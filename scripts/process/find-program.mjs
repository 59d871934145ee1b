import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

// Where servers live on Debian and with Homebrew even when a plain user's PATH does not say so.
const USUAL_PLACES = ['/usr/sbin', '/usr/local/sbin', '/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

/**
 * The full path of a program, or undefined when it is nowhere on PATH.
 *
 * @param {string} name
 */
export function findProgram(name) {
  for (const directory of [...(process.env.PATH ?? '').split(delimiter), ...USUAL_PLACES]) {
    const path = join(directory || '.', name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}
