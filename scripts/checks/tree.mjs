import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../process/root.mjs';
import { projectFiles } from './files.mjs';

const MAX_LINES = 400;
const CODE = /\.(ts|tsx|mts|mjs|cjs|js|jsx|lua|css|sh)$/;
/** May be long: tables and generated files. Each with its reason. */
const LONG = [
  /\.generated\./, // derived, and never read as a whole
  /\/fixtures\//, // recorded output
  /^examples\//, // other people's programs
];

const REGISTRIES = [
  /\bregistry\.npmjs\.org\b/,
  /\bregistry\.yarnpkg\.com\b/,
  /\bnpm\.pkg\.github\.com\b/,
  /\bdeb\.debian\.org\b/,
  /\barchive\.ubuntu\.com\b/,
];
const HOME = /(?:\/home|\/Users)\/(?!node\b|app\b|user\b|runner\b|you\b)[a-z][\w.-]*\/|\b[A-Z]:\\Users\\/;
// A checkout there is for a moment, and its path is anybody's.
const TEMPORARY = '/tmp/';
// Too common to tell one machine from another.
const COMMON = [
  '/',
  '/tmp',
  '/home',
  '/Users',
  '/root',
  '/srv',
  '/opt',
  '/usr',
  '/usr/src',
  '/var',
  '/app',
  '/var/tmp',
];

/** Paths by which only this machine is meant: where this checkout is, what holds it, and its owner's home. */
function placesOfThisMachine() {
  const places = [root, dirname(root), homedir()].filter(
    (path) => !COMMON.includes(path) && !path.startsWith(TEMPORARY),
  );
  return [...new Set(places)].map((path) => new RegExp(`(?<![\\w.-])${escape(path)}(?=[/\\s"'\`),;:]|$)`, 'm'));
}

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function registryOfThisMachine() {
  const url = process.env.npm_config_registry;
  return url && URL.canParse(url) ? [new RegExp(escape(new URL(url).hostname))] : [];
}

/** What must not be in a repository: one machine's paths, one network's hosts, files that nobody can read in one go. */
export async function tree() {
  const patterns = [
    ...placesOfThisMachine().map((pattern) => ({
      pattern,
      fault: 'holds a path of this machine; make it relative, or take it from a setting',
    })),
    { pattern: HOME, fault: "holds a path in somebody's home; make it relative, or take it from a setting" },
    ...[...REGISTRIES, ...registryOfThisMachine()].map((pattern) => ({
      pattern,
      fault: "names a package registry's host; leave the choice to the machine's own npm and apt settings",
    })),
  ];
  const faults = [];
  const files = projectFiles();
  for (const path of files) {
    const text = readFileSync(join(root, path), 'utf8');
    if (text.includes('\0')) continue;
    for (const { pattern, fault } of patterns) {
      const at = pattern.exec(text)?.index;
      if (at !== undefined) faults.push(`${path}:${text.slice(0, at).split('\n').length}: ${fault}`);
    }
    const lines = text.split('\n').length - 1;
    if (CODE.test(path) && lines > MAX_LINES && !LONG.some((pattern) => pattern.test(path))) {
      faults.push(`${path}: has ${lines} lines, and ${MAX_LINES} is the most; split it by what its parts do`);
    }
  }
  if (files.length === 0) faults.push('no file was found at all');
  return { ok: faults.length === 0, note: `${files.length} files`, output: faults.join('\n') };
}
