import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import ignore, { type Ignore } from 'ignore';

/** Read in this order, so that what a folder says to Switchyard wins over what it says to Git. */
const FILES = ['.gitignore', '.switchyardignore'];
/** Whatever the folder says: history is never sent. */
const NEVER = '.git';
/** Installed again where it runs; `!node_modules/` in .switchyardignore sends it all the same. */
const USUALLY_NOT = 'node_modules/';

interface Level {
  /** The directory whose files these rules are from. */
  readonly directory: string;
  readonly rules: Ignore;
}

/** The path as the level's rules see it; null where it is not below them. */
function nameIn({ directory }: Level, path: string): string | null {
  const name = relative(directory, path).split(sep).join('/');
  return name === '' || name.startsWith('../') || name === '..' ? null : name;
}

/**
 * A level's rules inside of a directory that it leaves out and an inner one has brought back: they judge what is inside by itself, where
 * the library would still judge it by its directory.
 */
function openedFor(directory: string, level: Level): Level {
  const name = nameIn(level, directory);
  if (name === null || !level.rules.test(`${name}/`).ignored) return level;
  const escaped = name.replaceAll(/[\\*?[\] !#]/g, '\\$&');
  return { ...level, rules: ignore().add(level.rules).add(`!/${escaped}/`) };
}

/** What is left out of a folder: the rules of its directories, the innermost last. */
export class IgnoreRules {
  readonly #levels: readonly Level[];

  private constructor(levels: readonly Level[]) {
    this.#levels = levels;
  }

  /** For a folder: with the rules of the directories above it, up to the repository's root. */
  static async of(folder: string): Promise<IgnoreRules> {
    const above: string[] = [];
    for (let at = folder; !existsSync(join(at, NEVER)); at = dirname(at)) {
      // In no repository: only its own rules count.
      if (dirname(at) === at) {
        above.length = 0;
        break;
      }
      above.unshift(dirname(at));
    }
    const usual = new IgnoreRules([{ directory: folder, rules: ignore().add(USUALLY_NOT) }]);
    let rules = usual;
    for (const directory of above) rules = await rules.enter(directory);
    // One that is ignored itself (`dist`) was named all the same: what is above it has nothing more to say.
    return await (rules.leavesOut(folder, true) ? usual : rules).enter(folder);
  }

  /** The rules inside of a directory, which has been entered through its parents and is not left out. */
  async enter(directory: string): Promise<IgnoreRules> {
    const texts = await Promise.all(FILES.map((name) => rulesIn(join(directory, name))));
    const found = texts.filter((text) => text !== null);
    const levels = this.#levels.map((level) => openedFor(directory, level));
    if (found.length === 0) return new IgnoreRules(levels);
    const rules = found.reduce((sum, text) => sum.add(text), ignore());
    return new IgnoreRules([...levels, { directory, rules }]);
  }

  /** Of what is left out nothing inside is looked at, as with Git: no rule brings a part of it back. */
  leavesOut(path: string, isDirectory: boolean): boolean {
    if (path.endsWith(`${sep}${NEVER}`)) return true;
    for (const level of this.#levels.toReversed()) {
      const name = nameIn(level, path);
      if (name === null) continue;
      const { ignored, unignored } = level.rules.test(isDirectory ? `${name}/` : name);
      if (ignored || unignored) return ignored;
    }
    return false;
  }
}

/** null where there is no such file. One that can't be read must not let out what it keeps back. */
async function rulesIn(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'EISDIR') return null;
    throw error;
  }
}
