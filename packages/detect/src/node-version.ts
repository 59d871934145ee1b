import { SwitchyardError } from '@switchyard/domain';
import semver from 'semver';
import { parse as parseToml } from 'smol-toml';
import { z } from 'zod';
import type { Decisions } from './decisions.ts';
import type { FileTree } from './file-tree.ts';
import type { Manifest } from './manifest.ts';
import { ancestors, inDirectory } from './paths.ts';
import type { Sayer } from './settings.ts';

/** The newest line with long-term support: of seven real apps that declare nothing all run on it, on 20 two did not. */
const DEFAULT_NODE = '24';

const LTS_LINES: Readonly<Record<string, string>> = {
  krypton: '24',
  jod: '22',
  iron: '20',
  hydrogen: '18',
  gallium: '16',
  fermium: '14',
  erbium: '12',
};

interface Wish {
  readonly wanted: string;
  readonly from: string;
}

/**
 * Which Node the app wants: files that name one version (`.nvmrc`, `.node-version`, `.tool-versions`, `mise.toml`, `volta`) before
 * `devEngines` and `engines`, which often only say what is allowed.
 */
export async function decideNodeVersion(
  tree: FileTree,
  root: string,
  manifests: readonly Manifest[],
  asked: { readonly version: string; readonly sayer: Sayer } | undefined,
  decisions: Decisions,
): Promise<string> {
  if (asked !== undefined) {
    const wanted = toRange(asked.version);
    if (wanted === null) {
      const where = asked.sayer === 'file' ? 'switchyard.json' : 'the app’s settings';
      throw new SwitchyardError(
        'invalid-settings',
        `node in ${where} is ${JSON.stringify(asked.version)}, which is no version and no range. Say for example 24, >=20 <23 or lts/*.`,
        { node: asked.version },
      );
    }
    decisions.said('node', wanted, asked.sayer);
    return wanted;
  }
  for await (const wish of wishes(tree, root, manifests)) {
    const range = toRange(wish.wanted);
    if (range === null) {
      decisions.warn(
        `${wish.from} asks for Node ${JSON.stringify(wish.wanted)}, which is not a version; it is ignored.`,
      );
      continue;
    }
    if (isOpen(range) && semver.intersects(range, DEFAULT_NODE)) {
      decisions.because('node', DEFAULT_NODE, `${wish.from} allows ${wish.wanted}, the newest LTS among them is taken`);
      return DEFAULT_NODE;
    }
    decisions.because('node', range, `${wish.from} asks for ${wish.wanted}`);
    return range;
  }
  decisions.because('node', DEFAULT_NODE, 'the repository asks for no version; this is the newest LTS');
  return DEFAULT_NODE;
}

async function* wishes(tree: FileTree, root: string, manifests: readonly Manifest[]): AsyncGenerator<Wish> {
  for (const directory of ancestors(root)) {
    const read = (name: string): Promise<string | null> => tree.read(inDirectory(directory, name) ?? name);
    for (const name of ['.node-version', '.nvmrc']) {
      const line = firstLine(await read(name));
      if (line !== null) yield { wanted: line, from: name };
    }
    const tools = await read('.tool-versions');
    const tool = tools === null ? null : /^\s*(?:nodejs|node)\s+(\S+)/m.exec(tools)?.[1];
    if (tool !== undefined && tool !== null) yield { wanted: tool, from: '.tool-versions' };
    for (const name of ['mise.toml', '.mise.toml']) {
      const wanted = nodeOfMise(await read(name));
      if (wanted !== null) yield { wanted, from: name };
    }
  }
  for (const manifest of manifests) {
    const volta = manifest.volta['node'];
    if (volta !== undefined) yield { wanted: volta, from: 'volta in package.json' };
  }
  for (const manifest of manifests) {
    const runtime = manifest.devEngines?.runtime;
    if (runtime?.name === 'node' && runtime.version !== undefined) {
      yield { wanted: runtime.version, from: 'devEngines in package.json' };
    }
    const engine = manifest.engines['node'];
    if (engine !== undefined) yield { wanted: engine, from: 'engines.node in package.json' };
  }
}

function firstLine(content: string | null): string | null {
  const lines = content?.split(/\r?\n/).map((line) => line.replace(/#.*$/, '').trim()) ?? [];
  return lines.find((line) => line !== '') ?? null;
}

const Mise = z.looseObject({
  tools: z.looseObject({
    node: z
      .union([
        z.string(),
        z.array(z.string()).transform(([first]) => first),
        z.looseObject({ version: z.string() }).transform(({ version }) => version),
      ])
      .optional(),
  }),
});

function nodeOfMise(content: string | null): string | null {
  if (content === null) return null;
  try {
    const parsed = Mise.safeParse(parseToml(content));
    return (parsed.success ? parsed.data.tools.node : null) ?? null;
  } catch {
    return null;
  }
}

/** A semver range for what people write: `v20`, `20.x`, `lts/*`, `lts/iron`, `latest`, `>=18`. Null for anything else. */
export function toRange(wanted: string): string | null {
  const text = wanted.trim().replace(/^node[-@]/i, '');
  if (/^(lts(\/\*)?|lts\/-0|latest|current|node|stable|\*|x)$/i.test(text)) return DEFAULT_NODE;
  const line = /^lts[/-]([a-z]+)$/i.exec(text)?.[1];
  if (line !== undefined) return LTS_LINES[line.toLowerCase()] ?? null;
  const plain = text.replace(/^[v=]\s*(?=\d)/i, '');
  return semver.validRange(plain) === null ? null : plain;
}

/** Whether a range has no upper bound, as in `>=18`: it says what is too old, not what is wanted. */
function isOpen(range: string): boolean {
  return semver.intersects(range, '>=1000');
}
