import { type App, dependsOn, readFirst, readOwn } from './app.ts';

/** How a built framework app is served, where its configuration decides between a program and files. */
export type FrameworkServing =
  | { readonly kind: 'command'; readonly command: string; readonly because: string }
  | { readonly kind: 'static'; readonly directory: string; readonly spa: boolean; readonly because: string }
  | null;

const configs = (name: string): string[] =>
  ['ts', 'mts', 'js', 'mjs', 'cjs'].map((extension) => `${name}.${extension}`);

export async function servingOf(app: App): Promise<FrameworkServing> {
  const { framework } = app;
  if (framework === null) return null;
  const own =
    framework.server === null
      ? null
      : ({
          kind: 'command',
          command: framework.server,
          because: `this is how ${framework.name} serves what it has built`,
        } as const);
  switch (framework.name) {
    case 'Next.js': {
      const config = await readFirst(app, configs('next.config'));
      if (config === null || !/\boutput\s*:\s*["'`]export["'`]/.test(config.content)) return own;
      const directory = /\bdistDir\s*:\s*["'`]([\w./-]+)["'`]/.exec(config.content)?.[1] ?? 'out';
      return { kind: 'static', directory, spa: false, because: `${config.path} asks for an export` };
    }
    case 'Nuxt':
      return /\b(?:nuxt|nuxi) generate\b/.test(app.manifest?.scripts['build'] ?? '')
        ? { kind: 'static', directory: '.output/public', spa: false, because: 'the build script generates pages' }
        : own;
    case 'React Router':
    case 'Remix': {
      const config = await readFirst(app, [...configs('react-router.config'), ...configs('vite.config')]);
      if (config !== null && /\bssr\s*:\s*false\b/.test(config.content)) {
        return {
          kind: 'static',
          directory: 'build/client',
          spa: true,
          because: `${config.path} turns server rendering off`,
        };
      }
      return dependsOn(app, framework.name === 'Remix' ? '@remix-run/serve' : '@react-router/serve') ? own : null;
    }
    case 'SvelteKit': {
      if (!dependsOn(app, '@sveltejs/adapter-static')) return own;
      const config = await readFirst(app, [...configs('svelte.config'), ...configs('vite.config')]);
      const directory = /\bpages\s*:\s*["'`]([\w./-]+)["'`]/.exec(config?.content ?? '')?.[1] ?? 'build';
      const spa = /\bfallback\s*:\s*["'`]/.test(config?.content ?? '');
      return { kind: 'static', directory, spa, because: 'adapter-static makes files' };
    }
    case 'Astro':
      return dependsOn(app, '@astrojs/node')
        ? { kind: 'command', command: 'node dist/server/entry.mjs', because: '@astrojs/node makes a server' }
        : null;
    case 'Angular': {
      const serve = Object.entries(app.manifest?.scripts ?? {}).find(([name]) => name.startsWith('serve:ssr'));
      if (serve !== undefined)
        return { kind: 'command', command: serve[1], because: `the script ${serve[0]} serves it` };
      return null;
    }
    case 'NestJS': {
      const hasSourceRoot = (await readOwn(app, 'nest-cli.json')) !== null;
      return own === null
        ? null
        : { ...own, because: hasSourceRoot ? 'nest build puts the app there (nest-cli.json)' : own.because };
    }
    default:
      return own;
  }
}
