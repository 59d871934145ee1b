import { execFileSync } from 'node:child_process';
import picocolors from 'picocolors';
import { expect, test } from 'vitest';
import { closingLines, commandSettings, shellWord } from './closing.ts';

test('the closing block says where everything is, and not the token', () => {
  const text = closingLines(
    {
      apiUrl: 'http://localhost:7070',
      apps: [{ name: 'hello', url: 'http://hello.localhost:7080' }],
      tokenFile: '.switchyard/admin-token',
      dataDirectory: '.switchyard',
      commandSettings: { SWITCHYARD_URL: 'http://localhost:7000' },
    },
    picocolors.createColors(false),
  ).join('\n');
  for (const part of [
    'http://hello.localhost:7080',
    'http://localhost:7070',
    '.switchyard/admin-token',
    'SWITCHYARD_URL=http://localhost:7000 npm run --silent switchyard -- deploy hello',
    'curl -H "Authorization: Bearer $(cat .switchyard/admin-token)"',
  ])
    expect(text).toContain(part);
});

test('paths survive the shell', () => {
  for (const path of ['/plain/path', "/with space/and 'quotes'", '/$HOME/`x`']) {
    expect(execFileSync('sh', ['-c', `printf %s ${shellWord(path)}`], { encoding: 'utf8' })).toBe(path);
  }
});

test('the command is told only what it does not find by itself', () => {
  const byDefault = { apiUrl: 'http://localhost:7070', tokenFile: '.switchyard/admin-token' };
  expect(commandSettings(byDefault)).toEqual({});
  expect(commandSettings({ ...byDefault, apiUrl: 'http://localhost:7000' })).toEqual({
    SWITCHYARD_URL: 'http://localhost:7000',
  });
  expect(commandSettings({ ...byDefault, tokenFile: '/data/admin-token' })).toEqual({
    SWITCHYARD_TOKEN_FILE: '/data/admin-token',
  });
});
