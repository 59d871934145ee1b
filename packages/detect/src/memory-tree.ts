import { posix } from 'node:path';
import type { FileTree } from './file-tree.ts';

/** A tree in memory; objects become JSON. */
export function treeOf(content: Readonly<Record<string, string | object>>): FileTree {
  const files = new Map(
    Object.entries(content).map(([path, text]) => [path, typeof text === 'string' ? text : JSON.stringify(text)]),
  );
  return {
    async list(directory) {
      const prefix = directory === '.' ? '' : `${directory}/`;
      const entries = [...files.keys()]
        .filter((path) => path.startsWith(prefix))
        .map((path) => {
          const [first = '', ...rest] = path.slice(prefix.length).split('/');
          return `${prefix}${first}${rest.length > 0 ? '/' : ''}`;
        });
      return [...new Set(entries)].toSorted();
    },
    read: async (path) => files.get(posix.normalize(path)) ?? null,
    files: async () => [...files.keys()],
  };
}
