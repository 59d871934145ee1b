import { pathToFileURL } from 'node:url';
import { ApiError, type AppView, type Client, type DeploymentView, stageLines } from '@switchyard/client';
import { isFinal } from '@switchyard/domain';
import picocolors from 'picocolors';
import type { Output } from './output.ts';

export const EXAMPLE_APP = 'hello';

export interface ExampleOptions {
  readonly client: Client;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Makes the repository when it is needed; answers its path. */
  readonly repository: () => Promise<string>;
}

/** Makes sure that the example is live. What is live already is left alone; a deployment that was cut short is followed to its end. */
export async function ensureExample(
  options: ExampleOptions,
): Promise<{ app: AppView; deployed: DeploymentView | null }> {
  const { client } = options;
  const app = await existingApp(client, EXAMPLE_APP);
  if (app !== null && app.live !== null) return { app, deployed: null };
  if (app === null) {
    const repository = await options.repository();
    await client.createApp({ name: EXAMPLE_APP, repository: pathToFileURL(repository).href, branch: 'main' });
  }
  const deployed = await follow(
    (app === null ? null : await unfinished(client)) ?? (await client.deploy(EXAMPLE_APP)),
    options,
  );
  return { app: await client.app(EXAMPLE_APP), deployed };
}

async function existingApp(client: Client, name: string): Promise<AppView | null> {
  try {
    return await client.app(name);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'app-not-found') return null;
    throw error;
  }
}

async function unfinished(client: Client): Promise<DeploymentView | null> {
  const { deployments } = await client.deployments(EXAMPLE_APP, { limit: 1 });
  const newest = deployments[0];
  return newest === undefined || isFinal(newest.status) ? null : await client.deployment(newest.id);
}

/** Shows the stages as they happen, until the deployment is live or has failed: what cleanup does after that keeps nobody waiting. */
async function follow(deployment: DeploymentView, { client, output, signal }: ExampleOptions): Promise<DeploymentView> {
  const { id } = deployment;
  output.nameDeployment(id, `${deployment.app} #${deployment.number}`);
  output.hush(id);
  output.print(
    `\n  ${picocolors.bold(`Deploying ${deployment.app} #${deployment.number}`)} ${picocolors.dim(`from ${deployment.repository ?? 'a folder'}`)}`,
  );
  const lines = stageLines(picocolors);
  for await (const event of client.events(id, { signal })) for (const line of lines(event)) output.print(line);
  return await client.deployment(id);
}
