import { root } from '../process/root.mjs';
import { projectFiles } from './files.mjs';

/** Where capabilities may be used; each violation says what to do instead. */
export async function fences(directory = root) {
  // Only now: the parser it needs is installed by the set-up that ran before.
  const { scan } = await import('../fences/scan.mjs');
  const { scanned, violations } = scan(directory, projectFiles(directory));
  const lines = violations.map(
    ({ path, line, text, fence, instead }) => `${path}:${line} [${fence}] ${text}\n    ${instead}`,
  );
  if (scanned === 0) lines.push('no source file was found at all');
  return { ok: lines.length === 0, note: `${scanned} files`, output: lines.join('\n') };
}
