/** Commands that watch and serve while somebody programs. What they do is not what visitors should get. */
const DEVELOPMENT: readonly RegExp[] = [
  /^ng (?:serve|s)\b/,
  /^(?:react-scripts|react-app-rewired|craco|rescripts|vue-cli-service) (?:start|serve)\b/,
  /^expo (?:start|run)\b/,
  /^expo$/,
  /^astro (?:dev|start|preview)\b|^astro$/,
  /^gatsby (?:develop|serve)\b/,
  /^ember (?:serve|server|s)\b/,
  /^docusaurus (?:start|serve)\b/,
  /^(?:eleventy|@11ty\/eleventy)\b.*--(?:serve|watch)\b/,
  /^parcel(?: (?!build)|$)/,
  /^vite(?:$| (?:dev|serve|preview|-|--))/,
  /^(?:vitepress|vuepress) (?:dev|serve|preview)\b/,
  /^stencil build\b.*--(?:dev|serve|watch)\b/,
  /^(?:next|nuxt|nuxi|remix|react-router|vinxi|solid-start|sanity|svelte-kit|strapi) (?:dev|develop)\b|^nuxt$/,
  /^remix vite:dev\b/,
  /^nest start\b/,
  /^webpack(?:-dev-server| serve| -w| --watch)\b/,
  /^(?:live-server|browser-sync|http-server-dev)\b/,
  /^hexo (?:server|s)\b/,
  /^ionic serve\b/,
  /^preact watch\b/,
  /^storybook dev\b|^start-storybook\b/,
  /^(?:gulp|grunt) (?:serve|watch|dev)\b/,
];

/** Setting variables and wrapping a command does not change what it is. */
const WRAPPER =
  /^(?:(?:npx|bunx|pnpm exec|yarn run|cross-env(?:-shell)?|env|dotenv(?: -e \S+)? --|env-cmd(?: -f \S+)?|node_modules\/\.bin\/)(?:\s+|(?<=\/)))|^[A-Za-z_]\w*=(?:"[^"]*"|'[^']*'|\S*)\s+/;

/** The command that matters in a script: without variables in front and wrappers around. */
function bareCommand(script: string): string {
  let command = script.trim();
  for (let next = command.replace(WRAPPER, ''); next !== command; next = command.replace(WRAPPER, '')) command = next;
  return command;
}

export function isDevelopmentServer(script: string): boolean {
  return script.split(/&&|\|\||;|(?<!&)&(?!&)/).some((part) => {
    const command = bareCommand(part);
    return DEVELOPMENT.some((pattern) => pattern.test(command));
  });
}

/**
 * A command that restarts a program when a file changes, as the program alone: `nodemon -w src server.js` is `node server.js`.
 * Null where it is no such command or its program can't be told.
 */
export function withoutWatching(script: string): string | null {
  const command = bareCommand(script);
  const watcher = /^(?:nodemon|supervisor|node-dev)\s+(.*)$/.exec(command);
  if (watcher?.[1] !== undefined) {
    const executed = /--exec\s+(?:"([^"]+)"|'([^']+)'|(.+)$)/.exec(watcher[1]);
    const execution = executed?.[1] ?? executed?.[2] ?? executed?.[3];
    if (execution !== undefined) return execution;
    const entry = /(?:^|\s)([\w./-]+\.[cm]?js|\.)(?=\s|$)/.exec(
      watcher[1].replace(/(?:-w|--watch|-i|--ignore|-e|--ext|-d|--delay)\s+\S+/g, ''),
    );
    return entry?.[1] === undefined ? null : `node ${entry[1]}`;
  }
  if (/^tsx watch\s/.test(command)) return command.replace(/^tsx watch\s+/, 'tsx ');
  if (/^(?:ts-node-dev|tsnd)\s/.test(command)) {
    const entry = /(?:^|\s)([\w./-]+\.[cm]?ts)(?=\s|$)/.exec(command)?.[1];
    return entry === undefined ? null : `ts-node ${entry}`;
  }
  if (/^node\s.*--watch(?:-path=\S+)?(?=\s)/.test(command))
    return command.replace(/\s--watch(?:-path=\S+)?(?=\s)/g, '');
  return null;
}
