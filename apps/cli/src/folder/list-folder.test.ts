import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listFolder } from './list-folder.ts';
import { packFolder } from './pack-folder.ts';

let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'folder-')));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

const pathsOf = async (below = ''): Promise<string[]> =>
  (await listFolder(join(folder, below))).items.map(({ path }) => path).sort();

/** What Git itself would take of the folder. */
function pathsOfGit(): string[] {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    }).toString();
  git('init', '--quiet');
  return git('-c', 'core.quotePath=false', 'ls-files', '-co', '--exclude-standard').split('\n').filter(Boolean).sort();
}

describe('a folder is what Git would take of it', () => {
  test.each<[string, Record<string, string>]>([
    ['with no rules', { a: '', 'b/c': '', 'b/.hidden': '' }],
    [
      'names, directories and paths',
      {
        '.gitignore': 'secret\nbuild/\n/top\ndocs/*.txt\n',
        secret: '',
        'x/secret': '',
        'build/a': '',
        'x/build/b': '',
        'y/build': '',
        top: '',
        'x/top': '',
        'docs/a.txt': '',
        'docs/b.md': '',
        'docs/x/c.txt': '',
      },
    ],
    [
      'exceptions',
      {
        '.gitignore': '*.log\n!keep.log\nlogs/*\n!logs/here\n',
        'a.log': '',
        'keep.log': '',
        'logs/a': '',
        'logs/here': '',
      },
    ],
    [
      'no exception from a directory that is left out',
      { '.gitignore': 'dist/\n!dist/keep\n', 'dist/keep': '', 'dist/b': '', a: '' },
    ],
    [
      'rules of directories',
      {
        '.gitignore': '*.tmp\n',
        'sub/.gitignore': '!b.tmp\n/only-here\n',
        'a.tmp': '',
        'sub/a.tmp': '',
        'sub/b.tmp': '',
        'sub/only-here': '',
        'sub/x/only-here': '',
        'only-here': '',
        'sub/deep/b.tmp': '',
      },
    ],
    [
      'a directory that an inner rule brings back',
      {
        '.gitignore': 'build/\n*.o\n',
        'app/.gitignore': '!build/\n',
        'app/build/x': '',
        'app/build/y.o': '',
        'app/build/build/z': '',
        'build/x': '',
      },
    ],
    [
      'odd names',
      {
        '.gitignore': '# a comment\n\\#file\n\\!bang\nwith space\ntrailing   \n**/any\n',
        '#file': '',
        '!bang': '',
        'with space': '',
        trailing: '',
        'p/q/any': '',
        '[x]': '',
      },
    ],
    ['everything but', { '.gitignore': '*\n!*/\n!*.js\n', 'a.js': '', 'a.css': '', 'x/y/b.js': '', 'x/y/b.css': '' }],
  ])('%s', async (_, files) => {
    await write(files);
    const expected = pathsOfGit();
    expect(expected.length).toBeGreaterThan(0);
    expect(await pathsOf()).toEqual(expected);
  });

  test('below the rules of the repository it is in', async () => {
    await write({
      '.gitignore': '*.log\n/packages/shop/out\n',
      'packages/shop/a.log': '',
      'packages/shop/out': '',
      'packages/shop/b': '',
    });
    expect(await pathsOf('packages/shop')).toEqual(['a.log', 'b', 'out']);
    pathsOfGit();
    expect(await pathsOf('packages/shop')).toEqual(['b']);
  });

  test('and one that is left out above, when it is named', async () => {
    await write({ '.gitignore': 'dist/\n', 'dist/index.html': 'x' });
    pathsOfGit();
    expect(await pathsOf()).toEqual(['.gitignore']);
    expect(await pathsOf('dist')).toEqual(['index.html']);
  });
});

describe('what Git would not say', () => {
  test('.switchyardignore leaves out more and brings back', async () => {
    await write({ '.gitignore': 'dist\n', '.switchyardignore': '!dist\ndocs/\n', 'dist/a': '', 'docs/b': '', c: '' });
    expect(await pathsOf()).toEqual(['.gitignore', '.switchyardignore', 'c', 'dist/a']);
  });

  test('installed modules are left out unless they are wanted', async () => {
    await write({ 'node_modules/a/index.js': '', 'x/node_modules/b': '', c: '' });
    expect(await pathsOf()).toEqual(['c']);
    await write({ '.switchyardignore': '!node_modules/\n' });
    expect(await pathsOf()).toEqual(['.switchyardignore', 'c', 'node_modules/a/index.js', 'x/node_modules/b']);
  });

  test('history is never sent', async () => {
    await write({
      '.git/config': '',
      'sub/.git': 'gitdir: ../.git/modules/sub',
      '.switchyardignore': '!.git\n',
      a: '',
    });
    expect(await pathsOf()).toEqual(['.switchyardignore', 'a']);
  });
});

describe('what would be refused is refused before it is sent', () => {
  test('a link out of the folder', async () => {
    await write({ a: '' });
    await symlink('/etc/passwd', join(folder, 'out'));
    await expect(listFolder(folder)).rejects.toMatchObject({ code: 'upload-refused' });
  });

  test('a folder with nothing in it', async () => {
    await expect(listFolder(folder)).rejects.toMatchObject({ code: 'upload-refused' });
  });

  test('a socket is left out, and said', async () => {
    await write({ a: '' });
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve));
    try {
      expect((await listFolder(folder)).leftOut).toEqual(['socket']);
    } finally {
      server.close();
    }
  });
});

describe('the archive', () => {
  const packed = async () => await buffer(packFolder(await listFolder(folder)));

  test('is the same for the same content, whenever and in whichever order it was written', async () => {
    await write({ b: 'two', 'a/x': 'one' });
    await symlink('b', join(folder, 'link'));
    const first = await packed();
    await rm(join(folder, 'b'));
    await write({ b: 'two' });
    await utimes(join(folder, 'b'), new Date(1_000_000), new Date(2_000_000));
    await chmod(join(folder, 'b'), 0o600);
    expect((await packed()).equals(first)).toBe(true);
    await chmod(join(folder, 'b'), 0o700);
    expect((await packed()).equals(first)).toBe(false);
  });

  test('breaks when a file shrinks while it is packed', async () => {
    await write({ a: 'x'.repeat(1_000) });
    const listed = await listFolder(folder);
    await write({ a: 'x' });
    await expect(buffer(packFolder(listed))).rejects.toThrow('changed or went away');
  });
});
