import type { Client } from '@switchyard/client';
import { AppName, isFinal, type StageName } from '@switchyard/domain';
import { CommandError, EXIT } from './command-error.ts';
import { deployFolder, type FolderOptions, isFolderWord } from './deploy-folder.ts';
import { deploymentLines } from './deployment-lines.ts';
import { findDeployment, parseDeploymentWord, withKnownApps } from './find-deployment.ts';
import { type FollowOptions, follow } from './follow.ts';
import type { Terminal } from './terminal.ts';
import { appLines, appRows, deploymentRows } from './text.ts';

/** What every command gets. Each answers the exit code. */
export interface Context {
  readonly client: Client;
  readonly terminal: Terminal;
}

const RECENT = 10;

export async function deploy(
  context: Context,
  word: string | undefined,
  options: FolderOptions & { ref?: string },
): Promise<number> {
  const { client, terminal } = context;
  const { ref, reuse, app, create } = options;
  if (word !== undefined && isFolderWord(word)) {
    if (ref !== undefined) throw new CommandError('A folder has no refs: leave out `--ref`, or name the app alone.');
    return await deployFolder(context, word, options);
  }
  if (create === true)
    throw new CommandError(
      `\`--create\` goes with a folder, which is written with a slash: \`switchyard deploy ${word === undefined ? '.' : `./${word}`} --create\`.`,
    );
  if (word !== undefined && app !== undefined && word !== app)
    throw new CommandError(`Which app, ${word} or ${app}? A folder of that name is ./${word}.`);
  const name = word ?? app ?? (await onlyApp(client));
  const request = { ...(ref === undefined ? {} : { ref }), ...(reuse === undefined ? {} : { reuse }) };
  return await follow(client, terminal, await withKnownApps(client, () => client.deploy(name, request)), options);
}

/** `deploy` without a name means the app where there is just one. */
async function onlyApp(client: Client): Promise<string> {
  const names = (await client.listApps()).map(({ name }) => name);
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  throw new CommandError(
    names.length === 0
      ? 'There are no apps yet; `switchyard apps create NAME --repository URL` makes one.'
      : `Which app? ${names.join(', ')}.`,
  );
}

export async function listApps({ client, terminal }: Context, { json }: { json?: boolean }): Promise<number> {
  const apps = await client.listApps();
  if (json) terminal.json(apps);
  else if (apps.length === 0)
    terminal.note('There are no apps yet; `switchyard apps create NAME --repository URL` makes one.');
  else for (const line of appRows(apps, terminal.now(), terminal.colors)) terminal.print(line);
  return EXIT.ok;
}

export async function createApp(
  { client, terminal }: Context,
  name: string,
  options: { repository?: string; branch?: string; json?: boolean },
): Promise<number> {
  const { repository, branch, json } = options;
  const app = await client.createApp({
    name,
    ...(repository === undefined ? {} : { repository }),
    ...(branch === undefined ? {} : { branch }),
  });
  if (json) terminal.json(app);
  else {
    for (const line of appLines(app, terminal.colors)) terminal.print(line);
    terminal.note(
      repository === undefined
        ? `\`switchyard deploy . --app ${app.name}\` deploys the folder you are in.`
        : `\`switchyard deploy ${app.name}\` deploys it.`,
    );
  }
  return EXIT.ok;
}

export async function deleteApp({ client, terminal }: Context, name: string): Promise<number> {
  await withKnownApps(client, () => client.deleteApp(name));
  terminal.note(`${name} is being deleted.`);
  return EXIT.ok;
}

export async function logs(
  { client, terminal }: Context,
  word: string,
  options: { follow?: boolean; stage?: StageName },
): Promise<number> {
  const deployment = await findDeployment(client, word);
  let last = '\n';
  for await (const text of client.logs(deployment.id, { stage: options.stage, follow: options.follow })) {
    await terminal.write(text);
    last = text;
  }
  if (!last.endsWith('\n')) terminal.print('');
  return EXIT.ok;
}

export async function status(context: Context, word: string | undefined, options: { json?: boolean }): Promise<number> {
  if (word === undefined) return await farmStatus(context, options);
  const { client, terminal } = context;
  const parsed = parseDeploymentWord(word);
  if (parsed.kind === 'newest') return await appStatus(context, parsed.app, options);
  const deployment = await findDeployment(client, word);
  if (options.json) terminal.json(deployment);
  else for (const line of deploymentLines(deployment, terminal.now(), terminal.colors)) terminal.print(line);
  return EXIT.ok;
}

async function farmStatus({ client, terminal }: Context, { json }: { json?: boolean }): Promise<number> {
  const [readiness, apps, { deployments }] = await Promise.all([
    client.ready(),
    client.listApps(),
    client.recentDeployments({ limit: RECENT }),
  ]);
  if (json) {
    terminal.json({ ready: readiness.ready, parts: readiness.parts, apps, deployments });
    return readiness.ready ? EXIT.ok : EXIT.failed;
  }
  const { colors } = terminal;
  terminal.print(readiness.ready ? `${colors.green('●')} ready to deploy` : `${colors.red('●')} not ready to deploy`);
  for (const part of readiness.parts) if (!part.ready) terminal.print(`  ${part.name}: ${part.reason ?? 'not ready'}`);
  if (apps.length > 0) for (const line of ['', ...appRows(apps, terminal.now(), colors)]) terminal.print(line);
  const unfinished = deployments.filter((deployment) => !isFinal(deployment.status));
  if (unfinished.length > 0)
    for (const line of [
      '',
      ...unfinished.map((one) => `${colors.bold(`${one.app} #${one.number}`)}  ${colors.cyan(one.status)}`),
    ])
      terminal.print(line);
  return readiness.ready ? EXIT.ok : EXIT.failed;
}

async function appStatus({ client, terminal }: Context, name: string, { json }: { json?: boolean }): Promise<number> {
  const app = await withKnownApps(client, () => client.app(name));
  const { deployments } = await client.deployments(name, { limit: RECENT });
  if (json) terminal.json({ app, deployments });
  else {
    for (const line of appLines(app, terminal.colors)) terminal.print(line);
    terminal.print('');
    for (const line of deploymentRows(deployments, app.live?.deploymentId ?? null, terminal.now(), terminal.colors))
      terminal.print(line);
  }
  return EXIT.ok;
}

export async function rollback(
  { client, terminal }: Context,
  app: string,
  options: FollowOptions & { to?: number },
): Promise<number> {
  const { to } = options;
  return await follow(
    client,
    terminal,
    await withKnownApps(client, () => client.rollback(app, to === undefined ? {} : { to })),
    options,
  );
}

export async function restart({ client, terminal }: Context, app: string, options: FollowOptions): Promise<number> {
  return await follow(client, terminal, await withKnownApps(client, () => client.restart(app)), options);
}

export async function retry(
  { client, terminal }: Context,
  word: string,
  { from, ...options }: FollowOptions & { from?: StageName },
): Promise<number> {
  const { id } = await findDeployment(client, word);
  return await follow(client, terminal, await client.retry(id, from === undefined ? {} : { from }), options);
}

export function appNameArgument(word: string): string {
  if (AppName.safeParse(word).success) return word;
  throw new CommandError(
    `\`${word}\` is no name of an app: lower-case letters, digits and single hyphens, starting with a letter, at most 40.`,
  );
}
