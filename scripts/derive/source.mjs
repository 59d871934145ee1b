import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../process/root.mjs';

/** Makes Node take the sources of our own packages instead of what was built from them. */
export const SOURCE_CONDITION = '--conditions=@switchyard/source';

/**
 * A module of the workspace, from its TypeScript source.
 *
 * @param {string} path from the root
 */
export async function source(path) {
  return await import(pathToFileURL(join(root, path)).href);
}

/**
 * A Markdown table with aligned bars.
 *
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 */
export function table(head, rows) {
  const escaped = rows.map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')));
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...escaped.map(line)].join('\n');
}

/** Says in a derived file that it is one. */
export const NOTICE = '<!-- Made by `node scripts/derive.mjs`; do not edit. -->';
