import type { Manifest } from './manifest.ts';
import { up } from './paths.ts';

/** Words that a shell finds without the packages' own programs. */
const EVERYWHERE = new Set([
  'node',
  'npm',
  'npx',
  'sh',
  'bash',
  'exec',
  'cd',
  'export',
  'echo',
  'test',
  'true',
  'env',
  'sleep',
  'set',
]);
const MAX_DEPTH = 5;

/** Words of package managers that are no scripts, where a script is named without `run`. */
const NOT_SCRIPTS = new Set([
  'add',
  'audit',
  'ci',
  'create',
  'dlx',
  'exec',
  'install',
  'i',
  'link',
  'node',
  'remove',
  'x',
]);

/**
 * Commands at run time are the programs themselves: `pnpm start` becomes what the script `start` says. No package manager has to be
 * there beside the app, none stands between it and its signals, and none takes 0.3 s to start before the app does.
 */
export function programLine(command: string, manifest: Manifest | null, root: string, installRoot: string): string {
  const line = expand(command.trim(), manifest?.scripts ?? {}, 0);
  if (!needsPrograms(line)) return line;
  const places = root === installRoot ? [root] : [root, installRoot];
  const path = places.map((place) =>
    place === root ? '$PWD/node_modules/.bin' : `$PWD/${up(root, place)}/node_modules/.bin`,
  );
  return `export PATH="${[...path, '$PATH'].join(':')}"; ${line}`;
}

/**
 * The same where packages stay zipped (yarn's Plug'n'Play): Node finds them through `.pnp.cjs` alone, and programs of packages only through
 * yarn, the checked-in one where there is one.
 */
export function plugAndPlayLine(
  command: string,
  manifest: Manifest | null,
  root: string,
  installRoot: string,
  yarnPath: string | null,
): string {
  const place = root === installRoot ? '$PWD' : `$PWD/${up(root, installRoot)}`;
  const line = expand(command.trim(), manifest?.scripts ?? {}, 0);
  if (/^node [^&|;]*$/.test(line)) return `export NODE_OPTIONS="--require ${place}/.pnp.cjs"; ${line}`;
  const yarn = yarnPath === null ? 'yarn' : `node "${place}/${yarnPath}"`;
  return command.trim().replace(/^yarn(?= |$)/, yarn);
}

function expand(command: string, scripts: Readonly<Record<string, string>>, depth: number): string {
  if (depth >= MAX_DEPTH) return command;
  const parts = splitPlainly(command);
  return parts.map((part) => expandPart(part, scripts, depth)).join(' && ');
}

/** At `&&`, unless a quote or bracket may hold it. */
function splitPlainly(command: string): string[] {
  return /["'`()]/.test(command) ? [command] : command.split('&&').map((part) => part.trim());
}

function expandPart(part: string, scripts: Readonly<Record<string, string>>, depth: number): string {
  const run = /^(npm|pnpm|yarn|bun)( run(?:-script)?)?(?: --silent| -s)? ([\w:.-]+)(?: --)?( .*)?$/.exec(part);
  const [, manager, explicit, name, rest = ''] = run ?? [];
  if (manager !== undefined && name !== undefined) {
    const script = scripts[name];
    const implied = manager === 'npm' ? ['start', 'test'].includes(name) : !NOT_SCRIPTS.has(name);
    if (script !== undefined && (explicit !== undefined || implied)) {
      const lines = [scripts[`pre${name}`], `${script}${rest}`, scripts[`post${name}`]];
      return lines
        .flatMap((line) => (line === undefined ? [] : [expand(line.trim(), scripts, depth + 1)]))
        .join(' && ');
    }
    if (manager === 'yarn' && !NOT_SCRIPTS.has(name)) return `${name}${rest}`;
  }
  return part.replace(/^(?:pnpm exec|yarn exec|yarn run|bunx|bun x) (?=\S)/, '').replace(/^yarn node /, 'node ');
}

function needsPrograms(line: string): boolean {
  return (/["'`()]/.test(line) ? [line] : line.split(/&&|\|\||;|\|/)).some((part) => {
    const word =
      part
        .trim()
        .replace(/^(?:[A-Za-z_]\w*=\S*\s+)+/, '')
        .split(/\s+/)[0] ?? '';
    return word !== '' && !EVERYWHERE.has(word) && !word.includes('/');
  });
}
