import { expect, it } from 'vitest';
import { isDevelopmentServer, withoutWatching } from './development-server.ts';

it.each([
  'ng serve',
  'react-scripts start',
  'cross-env PORT=3000 react-scripts start',
  'NODE_ENV=development craco start',
  'expo start --web',
  'astro dev',
  'gatsby develop',
  'ember serve',
  'docusaurus start',
  'eleventy --serve',
  'npx @11ty/eleventy --serve --watch',
  'parcel index.html',
  'vite',
  'vite --port 3000',
  'vite dev',
  'vite preview',
  'vuepress dev docs',
  'stencil build --dev --watch --serve',
  'next dev',
  'nest start --watch',
  'webpack serve --open',
  'webpack-dev-server --hot',
  'vue-cli-service serve',
  'npm run css & vite',
])('%s is a development server', (script) => {
  expect(isDevelopmentServer(script)).toBe(true);
});

it.each([
  'node server.js',
  'next start',
  'NODE_ENV=production node dist/server.js',
  'vite build',
  'vite build && node server.js',
  'parcel build src/index.html',
  'serve -s build',
  'remix-serve build',
  'vite-node server.ts',
  'eleventy',
  'strapi start',
  'node astro.js',
])('%s is not', (script) => {
  expect(isDevelopmentServer(script)).toBe(false);
});

it.each([
  ['nodemon server.js', 'node server.js'],
  ['nodemon -w src -e ts,js server.js', 'node server.js'],
  ['nodemon --exec "node -r esm" x.js', 'node -r esm'],
  ['nodemon --watch src --exec tsx src/server.ts', 'tsx src/server.ts'],
  ['NODE_ENV=production nodemon app.js', 'node app.js'],
  ['tsx watch src/server.ts', 'tsx src/server.ts'],
  ['node --watch server.js', 'node server.js'],
  ['node --env-file=.env --watch server.js', 'node --env-file=.env server.js'],
  ['ts-node-dev --respawn src/index.ts', 'ts-node src/index.ts'],
  ['nodemon', null],
  ['node server.js', null],
])('%s without watching is %s', (script, program) => {
  expect(withoutWatching(script)).toBe(program);
});
