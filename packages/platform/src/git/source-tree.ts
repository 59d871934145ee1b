import { posix } from 'node:path';
import { LIMITS } from '@switchyard/domain';
import type { SourceTree } from '../platform.ts';
import type { Git } from './git-command.ts';

const MAX_FILES = 50_000;
const MAX_LINKS = 5;

interface Entry {
  readonly mode: string;
  readonly type: string;
  readonly oid: string;
  readonly bytes: number;
}

/** `git ls-tree -rtlz`: `<mode> <type> <oid> <size>\t<path>\0`. */
export function parseTree(text: string): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const line of text.split('\0')) {
    const tab = line.indexOf('\t');
    const [mode, type, oid, bytes] = line.slice(0, tab).split(/ +/);
    if (tab < 0 || mode === undefined || type === undefined || oid === undefined) continue;
    entries.set(line.slice(tab + 1), { mode, type, oid, bytes: Number(bytes) || 0 });
  }
  return entries;
}

/** `git cat-file --batch`: `<oid> blob <size>\n<content>\n`, in the order in which they were asked for. */
export function parseBatch(bytes: Buffer): (Buffer | null)[] {
  const contents: (Buffer | null)[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at);
    if (end < 0) break;
    const [, type, size] = bytes.subarray(at, end).toString().split(' ');
    at = end + 1;
    if (size === undefined || type === 'missing') {
      contents.push(null);
      continue;
    }
    contents.push(bytes.subarray(at, at + Number(size)));
    at += Number(size) + 1;
  }
  return contents;
}

const normal = (path: string) => posix.normalize(path).replace(/^\.\/|\/$/g, '');

/** A commit's files, read from the mirror. Reads that are asked for together are answered by one Git. */
export function openSourceTree(git: Git, gitDir: string, sha: string): SourceTree {
  let tree: Promise<Map<string, Entry>> | undefined;
  let root: Promise<string> | undefined;
  const contents = new Map<string, Promise<Buffer | null>>();
  let asked: { oid: string; answer: (content: Buffer | null) => void; fail: (error: unknown) => void }[] = [];

  const entries = () => {
    tree ??= git
      .run(['ls-tree', '-r', '-t', '-l', '-z', '--full-tree', sha], { remote: null, gitDir })
      .then((text) => parseTree(text.toString()));
    return tree;
  };

  async function flush(): Promise<void> {
    const batch = asked;
    asked = [];
    try {
      const input = batch.map(({ oid }) => `${oid}\n`).join('');
      const answers = parseBatch(await git.run(['cat-file', '--batch'], { remote: null, gitDir, input }));
      for (const [index, { answer }] of batch.entries()) answer(answers[index] ?? null);
    } catch (error) {
      for (const { fail } of batch) fail(error);
    }
  }

  function content(oid: string): Promise<Buffer | null> {
    const known = contents.get(oid);
    if (known !== undefined) return known;
    const promise = new Promise<Buffer | null>((answer, fail) => {
      if (asked.push({ oid, answer, fail }) === 1) setImmediate(() => void flush());
    });
    contents.set(oid, promise);
    return promise;
  }

  /** Follows symbolic links that stay inside. */
  async function find(path: string): Promise<Entry | null> {
    const all = await entries();
    let at = normal(path);
    for (let links = 0; links <= MAX_LINKS; links += 1) {
      const entry = all.get(at);
      if (entry === undefined) return null;
      if (entry.mode !== '120000') return entry;
      const target = await content(entry.oid);
      if (target === null || target.toString().startsWith('/')) return null;
      at = normal(posix.join(posix.dirname(at), target.toString()));
    }
    return null;
  }

  return {
    async list(directory) {
      const at = normal(directory);
      const prefix = at === '' || at === '.' ? '' : `${at}/`;
      return [...(await entries())]
        .filter(([path]) => path.startsWith(prefix) && !path.slice(prefix.length).includes('/'))
        .map(([path, { type }]) => (type === 'blob' ? path : `${path}/`));
    },
    async read(path) {
      const entry = await find(path);
      if (entry === null || entry.type !== 'blob' || entry.bytes > LIMITS.maxDetectFileBytes) return null;
      const bytes = await content(entry.oid);
      return bytes === null || bytes.includes(0) ? null : bytes.toString('utf8');
    },
    async files() {
      return [...(await entries())]
        .filter(([, { type }]) => type === 'blob')
        .map(([path]) => path)
        .slice(0, MAX_FILES);
    },
    async fingerprint(path) {
      const at = normal(path);
      if (at === '' || at === '.') {
        root ??= git
          .run(['rev-parse', '--verify', '--end-of-options', `${sha}^{tree}`], { remote: null, gitDir })
          .then((oid) => oid.toString().trim());
        return await root;
      }
      return (await entries()).get(at)?.oid ?? null;
    },
  };
}
