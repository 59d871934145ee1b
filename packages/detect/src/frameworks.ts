/**
 * Frameworks by the package that gives them away, the more specific first. What a build leaves behind, and how that is served: as files
 * (`output`), or by a program of the framework (`server`).
 */
export interface Framework {
  readonly name: string;
  /** Any of these among the dependencies. */
  readonly packages: readonly string[];
  /** What builds it where the manifest has no `build` script; a program of the framework. */
  readonly build: string | null;
  /** Where the built files lie, before settings in its configuration are looked at. */
  readonly output: { readonly directory: string; readonly spa: boolean } | null;
  /** Configuration files, first found counts, and the settings in them that name the output directory. */
  readonly config?: { readonly files: readonly string[]; readonly keys: readonly string[] };
  /** Options of the build command that name the output directory. */
  readonly flags?: readonly string[];
  /** Starts the built app where it is a program. */
  readonly server: string | null;
}

const scripts = (name: string): string[] =>
  ['ts', 'mts', 'js', 'mjs', 'cjs'].map((extension) => `${name}.${extension}`);
const VITE_CONFIG = { files: scripts('vite.config'), keys: ['outDir'] };

const files = (
  name: string,
  packages: readonly string[],
  build: string,
  directory: string,
  more: Partial<Framework> & { readonly spa?: boolean } = {},
): Framework => {
  const { spa = false, ...rest } = more;
  return { name, packages, build, output: { directory, spa }, server: null, ...rest };
};

const program = (
  name: string,
  packages: readonly string[],
  build: string | null,
  server: string | null,
): Framework => ({
  name,
  packages,
  build,
  output: null,
  server,
});

export const FRAMEWORKS: readonly Framework[] = [
  program('Next.js', ['next'], 'next build', 'next start'),
  program('Nuxt', ['nuxt', 'nuxt3'], 'nuxt build', 'node .output/server/index.mjs'),
  program('SolidStart', ['@solidjs/start'], 'vinxi build', 'node .output/server/index.mjs'),
  program(
    'TanStack Start',
    ['@tanstack/react-start', '@tanstack/solid-start'],
    'vite build',
    'node .output/server/index.mjs',
  ),
  program('React Router', ['@react-router/dev'], 'react-router build', 'react-router-serve ./build/server/index.js'),
  program('Remix', ['@remix-run/dev'], 'remix vite:build', 'remix-serve ./build/server/index.js'),
  program('SvelteKit', ['@sveltejs/kit'], 'vite build', 'node build'),
  files('Astro', ['astro'], 'astro build', 'dist', {
    config: { files: scripts('astro.config'), keys: ['outDir'] },
    flags: ['--outDir', '--out-dir'],
  }),
  files('Gatsby', ['gatsby'], 'gatsby build', 'public'),
  files('Docusaurus', ['@docusaurus/core'], 'docusaurus build', 'build', { flags: ['--out-dir'] }),
  files('VitePress', ['vitepress'], 'vitepress build', '.vitepress/dist', { flags: ['--outDir'] }),
  files('VuePress', ['vuepress'], 'vuepress build', '.vuepress/dist', { flags: ['--dest', '-d'] }),
  files('Eleventy', ['@11ty/eleventy'], 'eleventy', '_site', {
    config: { files: ['.eleventy.js', ...scripts('eleventy.config')], keys: ['output'] },
    flags: ['--output'],
  }),
  files('Hexo', ['hexo'], 'hexo generate', 'public'),
  files('Angular', ['@angular/cli', '@angular/core'], 'ng build', 'dist', { spa: true, flags: ['--output-path'] }),
  files('Create React App', ['react-scripts', 'react-app-rewired', '@craco/craco'], 'react-scripts build', 'build', {
    spa: true,
  }),
  files('Vue CLI', ['@vue/cli-service'], 'vue-cli-service build', 'dist', {
    spa: true,
    config: { files: scripts('vue.config'), keys: ['outputDir'] },
    flags: ['--dest'],
  }),
  files('Ember', ['ember-cli'], 'ember build --environment=production', 'dist', {
    spa: true,
    flags: ['--output-path', '-o'],
  }),
  files('Ionic', ['@ionic/react', '@ionic/angular'], 'ionic build', 'www', { spa: true }),
  files('Stencil', ['@stencil/core'], 'stencil build', 'www'),
  files('Preact CLI', ['preact-cli'], 'preact build', 'build', { spa: true, flags: ['--dest'] }),
  program('NestJS', ['@nestjs/core'], 'nest build', 'node dist/main'),
  files('Vite', ['vite', 'rolldown-vite'], 'vite build', 'dist', {
    spa: true,
    config: VITE_CONFIG,
    flags: ['--outDir'],
  }),
  files('Parcel', ['parcel', 'parcel-bundler'], 'parcel build index.html', 'dist', {
    flags: ['--dist-dir', '--out-dir', '-d'],
  }),
  files('Expo', ['expo'], 'expo export -p web', 'dist', { spa: true, flags: ['--output-dir'] }),
  files('webpack', ['webpack'], 'webpack --mode production', 'dist', { flags: ['--output-path', '-o'] }),
];

/** Programs that answer HTTP: an app with one of these is a server, also where it builds a front end besides. */
export const SERVER_LIBRARIES: readonly (readonly [dependency: string, name: string])[] = [
  ['express', 'Express'],
  ['fastify', 'Fastify'],
  ['koa', 'Koa'],
  ['hono', 'Hono'],
  ['@hapi/hapi', 'hapi'],
  ['polka', 'Polka'],
  ['restify', 'restify'],
  ['h3', 'h3'],
  ['@feathersjs/feathers', 'Feathers'],
  ['@adonisjs/core', 'AdonisJS'],
  ['@strapi/strapi', 'Strapi'],
  ['socket.io', 'Socket.IO'],
  ['apollo-server', 'Apollo Server'],
  ['@apollo/server', 'Apollo Server'],
];
