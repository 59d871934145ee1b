import { describe, expect, it } from 'vitest';
import { Decisions } from './decisions.ts';
import { parseManifest } from './manifest.ts';
import { treeOf } from './memory-tree.ts';
import { decideNodeVersion, toRange } from './node-version.ts';

async function nodeOf(files: Record<string, string>, manifest: object = {}, root = '.') {
  const decisions = new Decisions();
  const manifests = [parseManifest('package.json', JSON.stringify(manifest))];
  const wanted = await decideNodeVersion(treeOf(files), root, manifests, undefined, decisions);
  return { wanted, warnings: decisions.warnings, because: decisions.reasons[0]?.because };
}

describe('Node', () => {
  it.each<[string, Record<string, string>, object, string]>([
    [
      '.node-version before all',
      { '.node-version': '20.11.0\n', '.nvmrc': '22' },
      { engines: { node: '18' } },
      '20.11.0',
    ],
    ['.nvmrc', { '.nvmrc': 'v22 # as in production\n' }, {}, '22'],
    ['lts/*', { '.nvmrc': 'lts/*' }, { engines: { node: '18' } }, '24'],
    ['a named line', { '.nvmrc': 'lts/iron' }, {}, '20'],
    ['.tool-versions', { '.tool-versions': 'ruby 3.2\nnodejs 18.19.0\n' }, {}, '18.19.0'],
    ['mise.toml', { 'mise.toml': '[tools]\nnode = "20"\n' }, {}, '20'],
    ['mise.toml with a table', { '.mise.toml': '[tools]\nnode = { version = "22" }\n' }, {}, '22'],
    ['volta before engines', {}, { volta: { node: '16.20.2' }, engines: { node: '>=18' } }, '16.20.2'],
    [
      'devEngines before engines',
      {},
      { devEngines: { runtime: { name: 'node', version: '^22.4.0' } }, engines: { node: '20' } },
      '^22.4.0',
    ],
    ['engines', {}, { engines: { node: '20.x' } }, '20.x'],
    ['an open range is the newest LTS', {}, { engines: { node: '>=16' } }, '24'],
    ['a closed range as it is', {}, { engines: { node: '>=18 <23' } }, '>=18 <23'],
    ['an open range above the LTS as it is', {}, { engines: { node: '>=25' } }, '>=25'],
    ['alternatives of which one is open', {}, { engines: { node: '^18.18.0 || ^20.9.0 || >=21.1.0' } }, '24'],
    ['the newest LTS where nothing is said', {}, {}, '24'],
  ])('is %s', async (_, files, manifest, wanted) => {
    expect((await nodeOf(files, manifest)).wanted).toBe(wanted);
  });

  it('is looked for from the app’s directory upwards', async () => {
    const files = { 'apps/web/.nvmrc': '20', '.nvmrc': '22' };
    expect((await nodeOf(files, {}, 'apps/web')).wanted).toBe('20');
    expect((await nodeOf(files, {}, 'apps/api')).wanted).toBe('22');
  });

  it('is taken from elsewhere where what is asked for is no version, and that is said', async () => {
    const found = await nodeOf({ '.nvmrc': 'the newest' }, { engines: { node: '20' } });
    expect(found).toMatchObject({ wanted: '20', because: 'engines.node in package.json asks for 20' });
    expect(found.warnings).toEqual([expect.stringContaining('"the newest"')]);
  });
});

it.each([
  ['v20.1.0', '20.1.0'],
  ['node@20', '20'],
  ['=18', '18'],
  ['latest', '24'],
  ['lts/unheard-of', null],
  ['', null],
  ['twenty', null],
])('%j reads as %j', (text, range) => {
  expect(text === '' ? null : toRange(text)).toBe(range);
});
