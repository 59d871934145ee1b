import { type ErrorCode, SwitchyardError } from '@switchyard/domain';
import { z } from 'zod';
import type { FileTree } from './file-tree.ts';
import { findJsonFault } from './json-fault.ts';
import { inDirectory } from './paths.ts';

/** A field of the wrong shape counts as absent: package managers are as lenient, and detection has to read what they read. */
const texts = z.record(z.string(), z.string()).catch({});
const text = z.string().optional().catch(undefined);

const Manifest = z.looseObject({
  name: text,
  main: text,
  type: text,
  packageManager: text,
  scripts: texts.default({}),
  dependencies: texts.default({}),
  devDependencies: texts.default({}),
  optionalDependencies: texts.default({}),
  peerDependencies: texts.default({}),
  engines: texts.default({}),
  volta: texts.default({}),
  bin: z
    .union([z.string(), z.record(z.string(), z.string())])
    .optional()
    .catch(undefined),
  workspaces: z
    .union([
      z.array(z.string()),
      z.looseObject({ packages: z.array(z.string()) }).transform(({ packages }) => packages),
    ])
    .optional()
    .catch(undefined),
  devEngines: z
    .looseObject({
      runtime: z.looseObject({ name: z.string(), version: text }).optional().catch(undefined),
      packageManager: z.looseObject({ name: z.string(), version: text }).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
  pnpm: z
    .looseObject({
      onlyBuiltDependencies: z.array(z.string()).optional().catch(undefined),
      patchedDependencies: texts.default({}),
    })
    .optional()
    .catch(undefined),
  prisma: z.looseObject({ schema: text }).optional().catch(undefined),
});
export type Manifest = z.infer<typeof Manifest>;

/** Reads `package.json` of a directory. Null where there is none; `repository-file-invalid` where it does not parse. */
export async function readManifest(tree: FileTree, directory: string): Promise<Manifest | null> {
  const path = inDirectory(directory, 'package.json') ?? 'package.json';
  const content = await tree.read(path);
  if (content === null) return null;
  return parseManifest(path, content);
}

export function parseManifest(path: string, content: string): Manifest {
  const parsed = Manifest.safeParse(parseJson(path, content));
  if (parsed.success) return parsed.data;
  throw new SwitchyardError('repository-file-invalid', `${path} has to be a JSON object. Correct it and push again.`, {
    file: path,
  });
}

/** JSON as a person wrote it; a fault is told with line and column. */
export function parseJson(path: string, content: string, code: ErrorCode = 'repository-file-invalid'): unknown {
  const text = content.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(text);
  } catch (cause) {
    const conflict = /^(<<<<<<< .*|=======|>>>>>>> .*)$/m.exec(content);
    if (conflict !== null) {
      const line = content.slice(0, conflict.index).split('\n').length;
      throw notJson(path, code, `it holds a merge conflict at line ${line}`, { line }, cause);
    }
    const fault = findJsonFault(text);
    if (fault === null) throw notJson(path, code, String(cause), {}, cause);
    const { line, column, expected } = fault;
    throw notJson(path, code, `line ${line}, column ${column}: ${expected}`, { line, column }, cause);
  }
}

function notJson(
  path: string,
  code: ErrorCode,
  why: string,
  place: { line?: number; column?: number },
  cause: unknown,
): SwitchyardError {
  const message = `${path} is not valid JSON: ${why}. Correct it and push again.`;
  return new SwitchyardError(code, message, { file: path, why, ...place }, cause);
}

/** Everything that an install of this manifest brings, whatever its kind. */
export function allDependencies(manifest: Manifest): Record<string, string> {
  return {
    ...manifest.peerDependencies,
    ...manifest.optionalDependencies,
    ...manifest.devDependencies,
    ...manifest.dependencies,
  };
}
