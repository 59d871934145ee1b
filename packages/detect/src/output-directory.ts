import { posix } from 'node:path';
import { z } from 'zod';
import type { FileTree } from './file-tree.ts';
import type { Framework } from './frameworks.ts';
import { inDirectory } from './paths.ts';

export interface Output {
  /** Relative to the app's directory. */
  readonly directory: string;
  readonly spa: boolean;
  readonly because: string;
}

/** Where a framework's build leaves its files: an option of the build command, its configuration, else its default. */
export async function outputOf(
  tree: FileTree,
  root: string,
  framework: Framework,
  buildScript: string,
): Promise<Output | null> {
  const { output } = framework;
  if (output === null) return null;
  const read = (name: string): Promise<string | null> => tree.read(inDirectory(root, name) ?? name);
  const answer = (directory: string, because: string): Output => ({
    directory: posix.normalize(directory).replace(/\/$/, ''),
    spa: output.spa,
    because,
  });

  const flag = flagValue(buildScript, framework.flags ?? []);
  if (flag !== null) return answer(flag, `the build script says ${flag}`);
  if (framework.name === 'Angular') {
    const content = await read('angular.json');
    const directory = content === null ? null : angularOutput(content);
    if (directory !== null) return answer(directory, 'angular.json puts it there');
  }
  if (framework.name === 'VitePress' || framework.name === 'VuePress') {
    const docs = /\b(?:vitepress|vuepress) build ([\w./-]+)/.exec(buildScript)?.[1] ?? '.';
    return answer(
      posix.join(docs, output.directory),
      `${framework.name} builds into ${output.directory} of its directory`,
    );
  }
  for (const file of framework.config?.files ?? []) {
    const content = await read(file);
    if (content === null) continue;
    const spa = output.spa && !isMultiPage(content);
    const value = settingOf(content, framework.config?.keys ?? []);
    const moved = framework.name === 'Vite' ? viteRoot(content, value) : value;
    const because = moved === null ? `${framework.name} builds into ${output.directory}` : `${file} says so`;
    return { ...answer(moved ?? output.directory, because), spa };
  }
  return answer(output.directory, `${framework.name} builds into ${output.directory}`);
}

function flagValue(script: string, flags: readonly string[]): string | null {
  for (const flag of flags) {
    const value = new RegExp(`(?:^|\\s)${flag}[= ]["']?([\\w./-]+)`).exec(script)?.[1];
    if (value !== undefined) return value;
  }
  return null;
}

/** `outDir: 'x'` in a configuration that is a program: a literal is believed, anything else is not guessed at. */
function settingOf(content: string, keys: readonly string[]): string | null {
  for (const key of keys) {
    const value = new RegExp(`\\b${key}\\s*:\\s*(["'\`])([\\w./-]+)\\1`).exec(content)?.[2];
    if (value !== undefined) return value;
  }
  return null;
}

/** Vite resolves `outDir` against its `root`, which may be another directory. */
function viteRoot(content: string, outDir: string | null): string | null {
  const root = /^\s{0,4}root\s*:\s*(["'`])([\w./-]+)\1/m.exec(content)?.[2];
  return root === undefined ? outDir : posix.join(root, outDir ?? 'dist');
}

function isMultiPage(content: string): boolean {
  return (
    /\bappType\s*:\s*["'](?:mpa|custom)["']/.test(content) || /\binput\s*:\s*\{[^}]*\.html[^}]*\.html/.test(content)
  );
}

const AngularOutput = z.union([z.string(), z.looseObject({ base: z.string(), browser: z.string().optional() })]);
const Angular = z.looseObject({
  defaultProject: z.string().optional(),
  projects: z.record(
    z.string(),
    z.looseObject({
      projectType: z.string().optional(),
      architect: z
        .looseObject({
          build: z
            .looseObject({
              builder: z.string().optional(),
              options: z.looseObject({ outputPath: AngularOutput.optional() }).optional(),
            })
            .optional(),
        })
        .optional(),
    }),
  ),
});

/** `angular.json`: the builder decides whether the files lie in `browser/`. */
function angularOutput(content: string): string | null {
  let json: unknown;
  try {
    json = JSON.parse(content.replace(/^\uFEFF/, ''));
  } catch {
    return null;
  }
  const parsed = Angular.safeParse(json);
  if (!parsed.success) return null;
  const applications = Object.entries(parsed.data.projects).filter(([, { projectType }]) => projectType !== 'library');
  const [name, project] = applications.find(([key]) => key === parsed.data.defaultProject) ?? applications[0] ?? [];
  if (name === undefined) return null;
  const build = project?.architect?.build;
  const path = build?.options?.outputPath;
  const base = typeof path === 'string' ? path : (path?.base ?? `dist/${name}`);
  const isApplication = build?.builder?.endsWith(':application') ?? true;
  if (!isApplication) return base;
  const browser = typeof path === 'object' ? (path.browser ?? 'browser') : 'browser';
  return posix.join(base, browser);
}
