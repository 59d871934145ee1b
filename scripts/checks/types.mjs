import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { root } from '../process/root.mjs';
import { quietly } from './command.mjs';
import { projectFiles } from './files.mjs';

// Read by other tools than our compiler's projects.
const NOT_OURS = [/^examples\//, /\/fixtures\//];

const AT_ONCE = 4;

/** Types of all sources, tests and scripts; and that no TypeScript file is outside of every project. */
export async function types() {
  const built = await quietly('tsc', ['-b', '--pretty', 'false']);
  const files = projectFiles();
  const sources = files.filter(
    (path) => /\.(ts|tsx|mts|cts)$/.test(path) && !NOT_OURS.some((pattern) => pattern.test(path)),
  );
  const projects = referencedProjects();
  const covered = await filesOfProjects(projects);
  const faults = [
    ...sources
      .filter((path) => !covered.has(path))
      .map((path) => `${path}: no project in tsconfig.json compiles this file`),
    ...files
      .filter((path) => /^(apps|packages)\/[^/]+\/tsconfig\.json$/.test(path) && !projects.includes(path))
      .map((path) => `tsconfig.json: has no reference to ${dirname(path)}`),
  ];
  if (sources.length === 0) faults.push('no TypeScript file was found at all');
  return {
    ok: built.code === 0 && faults.length === 0,
    note: `${sources.length} files in ${projects.length} projects`,
    output: [built.output.trim(), ...faults].filter(Boolean).join('\n'),
  };
}

/** The configuration files that the root solution names, and those they name, from the root. */
function referencedProjects() {
  const found = new Set();
  const queue = ['tsconfig.json'];
  for (const path of queue) {
    const { references = [], files } = JSON.parse(readFileSync(join(root, path), 'utf8'));
    if (files?.length !== 0) found.add(path);
    for (const reference of references) {
      const named = join(dirname(path), reference.path).split(sep).join('/');
      const file = named.endsWith('.json') ? named : `${named}/tsconfig.json`;
      if (existsSync(join(root, file)) && !queue.includes(file)) queue.push(file);
    }
  }
  return [...found];
}

async function filesOfProjects(projects) {
  const found = new Set();
  for (let at = 0; at < projects.length; at += AT_ONCE) {
    const some = projects.slice(at, at + AT_ONCE);
    const lists = await Promise.all(some.map((path) => quietly('tsc', ['-p', path, '--listFilesOnly'])));
    for (const line of lists.flatMap(({ output }) => output.split('\n'))) {
      found.add(relative(root, resolve(root, line)).split(sep).join('/'));
    }
  }
  return found;
}
