import { posix } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import type { FileTree } from './file-tree.ts';
import { inDirectory } from './paths.ts';

export interface PlainSite {
  readonly directory: string;
  readonly spa: boolean;
  readonly because: string;
}

const Staticfile = z.looseObject({ root: z.string().optional(), index_fallback: z.boolean().optional() });
const CANDIDATES = ['.', 'public', 'dist', 'build', 'out', '_site', 'site', 'www', 'docs', 'html', 'src'];

/** Pages that are served as they are: `Staticfile` says where, else an `index.html` in one of the usual places. */
export async function findPlainSite(tree: FileTree, root: string): Promise<PlainSite | null> {
  const content = await tree.read(inDirectory(root, 'Staticfile') ?? 'Staticfile');
  if (content !== null) {
    const parsed = Staticfile.safeParse(yamlOf(content) ?? {});
    const { root: directory = '.', index_fallback: spa = false } = parsed.success ? parsed.data : {};
    return { directory: posix.normalize(directory).replace(/\/$/, ''), spa, because: 'Staticfile names it' };
  }
  const files = new Set(await tree.files());
  for (const directory of CANDIDATES) {
    const page = posix.join(root, directory, 'index.html');
    if (files.has(page)) return { directory, spa: false, because: `${posix.join(directory, 'index.html')} is there` };
  }
  return null;
}

function yamlOf(content: string): unknown {
  try {
    return parseYaml(content);
  } catch {
    return null;
  }
}
