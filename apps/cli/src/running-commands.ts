import { EXIT } from './command-error.ts';
import type { Context } from './commands.ts';
import { withKnownApps } from './find-deployment.ts';
import { type FollowOptions, follow } from './follow.ts';

export async function scale(
  { client, terminal }: Context,
  app: string,
  replicas: number,
  { json }: { json?: boolean },
): Promise<number> {
  const { etag: _etag, ...settings } = await withKnownApps(client, () => client.scale(app, replicas));
  if (json) terminal.json(settings);
  else {
    const { live, stoppedAt } = await client.app(app);
    const what = replicas === 1 ? '1 instance' : `${replicas} instances`;
    const when =
      stoppedAt === null
        ? live === null
          ? 'from its first deployment on'
          : 'from now on'
        : `when it is started (\`switchyard start ${app}\`)`;
    terminal.note(`${app} runs as ${what} ${when}.`);
  }
  return EXIT.ok;
}

export async function pin(
  { client, terminal }: Context,
  app: string,
  number: number,
  pinned: boolean,
): Promise<number> {
  await withKnownApps(client, () => client.pinRelease(app, number, pinned));
  terminal.note(
    pinned
      ? `The release of ${app} #${number} is pinned: it stays ready for rollback until \`switchyard unpin ${app} ${number}\`.`
      : `The release of ${app} #${number} is not pinned any more.`,
  );
  return EXIT.ok;
}

export async function stop({ client, terminal }: Context, app: string, { json }: { json?: boolean }): Promise<number> {
  const stopped = await withKnownApps(client, () => client.stop(app));
  if (json) terminal.json(stopped);
  else terminal.note(`${app} is stopped. \`switchyard start ${app}\` starts it again.`);
  return EXIT.ok;
}

export async function start({ client, terminal }: Context, app: string, options: FollowOptions): Promise<number> {
  return await follow(client, terminal, await withKnownApps(client, () => client.start(app)), options);
}
