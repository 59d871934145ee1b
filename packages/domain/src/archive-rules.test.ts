import { describe, expect, test } from 'vitest';
import { type ArchiveHeader, ArchiveRules } from './archive-rules.ts';
import { LIMITS } from './limits.ts';

const file = (path: string, mode = 0o644): ArchiveHeader => ({ type: 'file', path, target: null, mode, bytes: 1 });
const link = (path: string, target: string): ArchiveHeader => ({
  type: 'symlink',
  path,
  target,
  mode: 0o777,
  bytes: 0,
});
const hard = (path: string, target: string): ArchiveHeader => ({ type: 'link', path, target, mode: 0, bytes: 0 });
const directory = (path: string): ArchiveHeader => ({ type: 'directory', path, target: null, mode: 0o755, bytes: 0 });

function judge(...headers: readonly ArchiveHeader[]) {
  const rules = new ArchiveRules();
  const entries = headers.map((header) => rules.entry(header));
  rules.end();
  return entries;
}

const refusal = (...headers: readonly ArchiveHeader[]): string => {
  try {
    judge(...headers);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'upload-refused') return error.message;
    throw error;
  }
  return 'taken';
};

describe('an entry is named by a path inside the folder', () => {
  test.each([
    ['./a/b', 'a/b'],
    ['a//b', 'a/b'],
    ['a/./b', 'a/b'],
    ['..a/b..', '..a/b..'],
    ['back\\slash', 'back\\slash'],
  ])('%s is %s', (path, name) => {
    expect(judge(file(path))).toEqual([{ kind: 'file', path: name, bytes: 1, isExecutable: false }]);
  });

  test.each(['/a', '//a', '..', '../a', 'a/..', 'a/../b', 'a/../../b', '', '.', './', 'a/', 'nul\0', 'bad\uFFFDname'])(
    '%j is refused',
    (path) => {
      expect(refusal(file(path))).toContain('The archive’s');
    },
  );

  test('names, paths and depths have a limit', () => {
    expect(refusal(file('x'.repeat(LIMITS.maxUploadNameBytes)))).toBe('taken');
    expect(refusal(file('x'.repeat(LIMITS.maxUploadNameBytes + 1)))).toContain('a name of more than');
    expect(refusal(file('é'.repeat(128)))).toContain('a name of more than');
    expect(refusal(file(`${'d/'.repeat(LIMITS.maxUploadDepth)}x`))).toBe('taken');
    expect(refusal(file(`${'d/'.repeat(LIMITS.maxUploadDepth + 1)}x`))).toContain('directories deep');
    expect(refusal(file(`${`${'n'.repeat(200)}/`.repeat(5)}${'x'.repeat(30)}`))).toContain('a path of more than');
  });

  test('history is left out, whatever its case and place', () => {
    expect(judge(file('.git/config'), file('sub/.GIT/hooks/x'), file('.gitignore')).map(({ kind }) => kind)).toEqual([
      'nothing',
      'nothing',
      'file',
    ]);
    expect(refusal(file('.git/config'))).toContain('holds no file');
  });
});

describe('what an entry is', () => {
  test.each([null, 'character-device', 'block-device', 'fifo', 'socket'])('a %s is refused', (type) => {
    expect(refusal(file('a'), { ...file('b'), type })).toContain('can be deployed');
  });

  test('any executable bit counts, and no other', () => {
    const modes = [0o644, 0o755, 0o700, 0o601, 0o4644, 0o1777];
    const kept = judge(...modes.map((mode, index) => file(`f${index}`, mode)));
    expect(kept.map((entry) => entry.kind === 'file' && entry.isExecutable)).toEqual([
      false,
      true,
      true,
      true,
      false,
      true,
    ]);
  });

  test.each([
    ['a file where a directory is', [file('a/b'), file('a')]],
    ['a directory where a file is', [file('a'), file('a/b')]],
    ['a directory entry where a file is', [file('a'), directory('a/')]],
    ['a file below a link', [link('a', 'b'), file('a/c')]],
    ['a link where a directory is', [directory('a/'), link('a', 'b'), file('c')]],
  ])('%s is refused', (_, headers) => {
    expect(refusal(...headers)).not.toBe('taken');
  });

  test('the later one of two files of a name counts', () => {
    expect(refusal(file('a'), link('a', 'b'), file('a'))).toBe('taken');
  });
});

describe('a link stays inside', () => {
  test.each([
    ['beside it', [link('a', 'b')]],
    ['to nothing that is there', [link('a', 'nothing/here')]],
    ['up and down again', [link('a/b/c', '../../d')]],
    ['to the root', [link('a/b', '..')]],
    ['through a link', [link('a', 'x/y'), link('b', 'a/../z')]],
    ['a hard link', [file('x'), hard('y', './x')]],
  ])('%s', (_, headers) => {
    expect(refusal(file('some-file'), ...headers)).toBe('taken');
  });

  test.each([
    ['absolute', [link('a', '/etc/passwd')]],
    ['up', [link('a', '../b')]],
    ['up from below', [link('a/b', '../../c')]],
    ['down and up', [link('a', 'b/../../c')]],
    ['through one that goes up itself', [link('p/q/l', '../..'), link('m', 'p/q/l/..')]],
    ['in the order in which it is not seen', [link('m', 'p/q/l/..'), link('p/q/l', '../..')]],
    ['in a circle', [link('a', 'b'), link('b', 'a')]],
    ['to itself', [link('a', 'a/b')]],
    ['empty', [link('a', '')]],
    ['a hard link up', [hard('a', '../b')]],
    ['a hard link to an absolute path', [hard('a', '/etc/passwd')]],
    ['a hard link to a link', [link('l', 'some-file'), hard('a', 'l')]],
    ['a hard link to a later file', [hard('a', 'b'), file('b')]],
  ])('%s is refused', (_, headers) => {
    expect(refusal(file('some-file'), ...headers)).not.toBe('taken');
  });
});

describe('how much there is', () => {
  test('entries', () => {
    const rules = new ArchiveRules();
    for (let index = 0; index < LIMITS.maxUploadEntries; index += 1) rules.entry(directory('a/'));
    expect(() => rules.entry(directory('a/'))).toThrow('entries');
  });

  test('bytes, whatever they were sent as', () => {
    const rules = new ArchiveRules();
    rules.unpacked(LIMITS.maxUnpackedBytes, LIMITS.maxUnpackedBytes);
    expect(() => rules.unpacked(1, LIMITS.maxUnpackedBytes)).toThrow('when it is unpacked');
  });

  test('bytes for a byte, once there are many', () => {
    const small = new ArchiveRules();
    small.unpacked(LIMITS.unpackedRatioFromBytes, 10);
    expect(() => small.unpacked(1, 10)).toThrow('times its size');
    const fine = new ArchiveRules();
    fine.unpacked(LIMITS.unpackedRatioFromBytes * 2, (LIMITS.unpackedRatioFromBytes * 2) / LIMITS.maxUnpackedRatio);
  });

  test('links that lead through each other for ever', () => {
    const rules = new ArchiveRules();
    rules.entry(file('some-file'));
    for (let index = 0; index < 3_000; index += 1) rules.entry(link(`l${index}`, 'a/../'.repeat(200)));
    expect(() => rules.end()).toThrow('too many to follow');
  });

  test('nothing is not enough', () => {
    expect(refusal()).toContain('holds no file');
    expect(refusal(directory('a/'))).toContain('holds no file');
  });
});
