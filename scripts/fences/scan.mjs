import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fences } from './table.mjs';
import { usesOf } from './uses.mjs';

const SOURCE = /\.(ts|tsx|mts|cts|js|jsx|mjs|cjs)$/;
const WORKSPACE = /^(?:apps|packages)\/[^/]+|^[^/]+(?=\/)/;

/**
 * @typedef {object} Violation
 * @property {string} path
 * @property {number} line
 * @property {string} text
 * @property {string} fence
 * @property {string} instead
 */

/**
 * Reads the sources among these files and reports where they cross a fence.
 *
 * @param {string} directory the root of the tree
 * @param {readonly string[]} files from that root, with `/`
 * @returns {{ scanned: number, violations: Violation[] }}
 */
export function scan(directory, files) {
  const sources = files.filter(
    (path) => SOURCE.test(path) && !path.startsWith('examples/') && !path.includes('/fixtures/'),
  );
  const workspaceOf = (path) => WORKSPACE.exec(path)?.[0] ?? '';
  const workspaces = [...new Set(files.map(workspaceOf))].filter((one) => /^(apps|packages)\//.test(one));
  const violations = sources.flatMap((path) => {
    const place = { path, workspace: workspaceOf(path), isTest: /\.test\.tsx?$/.test(path) };
    const within = fences.filter((fence) => fence.within(place));
    const uses = usesOf(path, readFileSync(join(directory, path), 'utf8'), workspaces);
    return uses.flatMap((use) =>
      within
        .filter((fence) => fence.forbids(use, place))
        .map(({ name, instead }) => ({ path, line: use.line, text: use.text, fence: name, instead })),
    );
  });
  return { scanned: sources.length, violations };
}
