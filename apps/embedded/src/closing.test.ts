import { execFileSync } from 'node:child_process';
import picocolors from 'picocolors';
import { expect, test } from 'vitest';
import { closingLines, shellWord } from './closing.ts';

test('the closing block says where everything is, and not the token', () => {
  const text = closingLines(
    {
      apiUrl: 'http://localhost:7070',
      apps: [{ name: 'hello', url: 'http://hello.localhost:7080' }],
      tokenFile: '.switchyard/admin-token',
      dataDirectory: '.switchyard',
    },
    picocolors.createColors(false),
  ).join('\n');
  for (const part of [
    'http://hello.localhost:7080',
    'http://localhost:7070',
    '.switchyard/admin-token',
    'switchyard -- deploy hello',
    'curl -H "Authorization: Bearer $(cat .switchyard/admin-token)"',
  ])
    expect(text).toContain(part);
});

test('paths survive the shell', () => {
  for (const path of ['/plain/path', "/with space/and 'quotes'", '/$HOME/`x`']) {
    expect(execFileSync('sh', ['-c', `printf %s ${shellWord(path)}`], { encoding: 'utf8' })).toBe(path);
  }
});
