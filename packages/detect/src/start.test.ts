import type { Plan } from '@switchyard/domain';
import { describe, expect, it } from 'vitest';
import { detect } from './detect.ts';
import { treeOf } from './memory-tree.ts';

type Files = Record<string, string | object>;

const planOf = (files: Files): Promise<Plan> => detect(treeOf(files));
const lock = { 'package-lock.json': { lockfileVersion: 3, packages: {} } };

describe('what serves the app', () => {
  const node = (manifest: object, files: Files = {}): Files => ({ 'package.json': manifest, ...lock, ...files });
  it.each<[string, Files, Plan['start']]>([
    [
      'switchyard.json before the Procfile',
      { 'switchyard.json': { start: 'node a.js' }, Procfile: 'web: node b.js' },
      { kind: 'command', command: 'node a.js' },
    ],
    [
      'the Procfile before the start script',
      node({ scripts: { start: 'node c.js' } }, { Procfile: '# x\nweb: node b.js\nrelease: node m.js\n' }),
      { kind: 'command', command: 'node b.js' },
    ],
    [
      'the start script before main',
      node({ main: 'x.js', scripts: { start: 'node c.js' } }, { 'x.js': '' }),
      { kind: 'command', command: 'node c.js' },
    ],
    [
      'main where the start script is blank',
      node({ main: 'x.js', scripts: { start: '  ' } }, { 'x.js': '' }),
      { kind: 'command', command: 'node x.js' },
    ],
    ['main when it exists', node({ main: './x' }, { 'x.js': '' }), { kind: 'command', command: 'node x.js' }],
    [
      'main when the build makes it',
      node({ main: 'dist/main.js', scripts: { build: 'tsc' } }),
      { kind: 'command', command: 'node dist/main.js' },
    ],
    ['server.js without a manifest', { 'server.js': '' }, { kind: 'command', command: 'node server.js' }],
    ['server.js before index.js', { 'index.js': '', 'server.js': '' }, { kind: 'command', command: 'node server.js' }],
    ['app.js', node({}, { 'app.js': '' }), { kind: 'command', command: 'node app.js' }],
    [
      'a watched program as the program',
      node({ scripts: { start: 'nodemon -w src server.js' } }, { 'server.js': '' }),
      { kind: 'command', command: 'node server.js' },
    ],
    [
      'pre and post scripts with it',
      node({ scripts: { start: 'node a.js', prestart: 'node check.js' } }),
      { kind: 'command', command: 'node check.js && node a.js' },
    ],
    [
      'a program of a package by path, not by manager',
      node({ scripts: { start: 'next start -p $PORT', build: 'next build' }, dependencies: { next: '15' } }),
      { kind: 'command', command: 'export PATH="$PWD/node_modules/.bin:$PATH"; next start -p $PORT' },
    ],
    [
      'Next without a start script',
      node({ scripts: { build: 'next build' }, dependencies: { next: '15' } }),
      { kind: 'command', command: 'export PATH="$PWD/node_modules/.bin:$PATH"; next start' },
    ],
    [
      'an export of Next as files',
      node(
        { scripts: { build: 'next build' }, dependencies: { next: '15' } },
        { 'next.config.mjs': "export default { output: 'export' }" },
      ),
      { kind: 'static', directory: 'out', spa: false },
    ],
    [
      'Create React App as files',
      node({ scripts: { start: 'react-scripts start', build: 'x' }, dependencies: { 'react-scripts': '5' } }),
      { kind: 'static', directory: 'build', spa: true },
    ],
    [
      'Astro as files',
      node({ scripts: { start: 'astro dev', build: 'astro build' }, dependencies: { astro: '5' } }),
      { kind: 'static', directory: 'dist', spa: false },
    ],
    [
      'Astro with its Node adapter as a server',
      node({ scripts: { build: 'astro build' }, dependencies: { astro: '5', '@astrojs/node': '9' } }),
      { kind: 'command', command: 'node dist/server/entry.mjs' },
    ],
    [
      'Angular by its builder',
      node(
        { scripts: { start: 'ng serve', build: 'ng build' }, dependencies: { '@angular/core': '19' } },
        {
          'angular.json': {
            projects: {
              shop: { projectType: 'application', architect: { build: { builder: '@angular/build:application' } } },
            },
          },
        },
      ),
      { kind: 'static', directory: 'dist/shop/browser', spa: true },
    ],
    [
      'Angular of old',
      node(
        { scripts: { start: 'ng serve', build: 'ng build' }, dependencies: { '@angular/core': '14' } },
        {
          'angular.json': {
            projects: {
              shop: {
                projectType: 'application',
                architect: {
                  build: { builder: '@angular-devkit/build-angular:browser', options: { outputPath: 'dist/x' } },
                },
              },
            },
          },
        },
      ),
      { kind: 'static', directory: 'dist/x', spa: true },
    ],
    [
      'an option of the build script',
      node({ scripts: { build: 'vite build --outDir out' }, devDependencies: { vite: '8' } }),
      { kind: 'static', directory: 'out', spa: true },
    ],
    [
      'several pages as they are',
      node(
        { scripts: { build: 'vite build' }, devDependencies: { vite: '8' } },
        { 'vite.config.js': "input: { a: 'index.html', b: 'b.html' }" },
      ),
      { kind: 'static', directory: 'dist', spa: false },
    ],
    [
      'VitePress in its directory',
      node({ scripts: { build: 'vitepress build docs' }, devDependencies: { vitepress: '1' } }),
      { kind: 'static', directory: 'docs/.vitepress/dist', spa: false },
    ],
    [
      'React Router without server rendering',
      node(
        { scripts: { build: 'react-router build' }, devDependencies: { '@react-router/dev': '7' } },
        { 'react-router.config.ts': 'export default { ssr: false }' },
      ),
      { kind: 'static', directory: 'build/client', spa: true },
    ],
    [
      'SvelteKit as a server',
      node({ scripts: { build: 'vite build' }, devDependencies: { '@sveltejs/kit': '2', vite: '7' } }),
      { kind: 'command', command: 'node build' },
    ],
    [
      'NestJS as it was built',
      node({
        scripts: { start: 'nest start', build: 'nest build' },
        dependencies: { '@nestjs/core': '11', express: '5' },
      }),
      { kind: 'command', command: 'node dist/main' },
    ],
    [
      'a server that builds a front end',
      node(
        { scripts: { build: 'vite build' }, dependencies: { express: '5' }, devDependencies: { vite: '8' } },
        { 'server.js': '' },
      ),
      { kind: 'command', command: 'node server.js' },
    ],
    [
      'pages in public/',
      { 'public/index.html': '', 'README.md': '' },
      { kind: 'static', directory: 'public', spa: false },
    ],
    [
      'a Staticfile',
      { Staticfile: 'root: site\nindex_fallback: true\n', 'site/index.html': '' },
      { kind: 'static', directory: 'site', spa: true },
    ],
    [
      'static of switchyard.json',
      { 'switchyard.json': { static: { directory: 'web' } }, 'web/a.html': '' },
      { kind: 'static', directory: 'web', spa: false },
    ],
    [
      'a page whose own script is called app.js, as a page',
      { 'index.html': '<script defer src="./app.js?v=1"></script>', 'app.js': '' },
      { kind: 'static', directory: '.', spa: false },
    ],
    [
      'a page whose own script is main of the manifest, as a page',
      node(
        { main: 'index.js', devDependencies: { eslint: '9' } },
        { 'index.html': '<script src=/index.js>', 'index.js': '' },
      ),
      { kind: 'static', directory: '.', spa: false },
    ],
    [
      'SvelteKit as files, set up in the configuration of Vite',
      node(
        {
          scripts: { build: 'vite build' },
          devDependencies: { '@sveltejs/kit': '2', '@sveltejs/adapter-static': '3' },
        },
        { 'vite.config.ts': "adapter({ pages: 'site', fallback: '200.html' })" },
      ),
      { kind: 'static', directory: 'site', spa: true },
    ],
    [
      'a page beside a script of its own, as a page',
      { 'index.html': '', 'index.js': '' },
      { kind: 'static', directory: '.', spa: false },
    ],
  ])('%s', async (_, files, start) => {
    expect((await planOf(files)).start).toEqual(start);
  });
});
