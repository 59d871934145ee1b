import { ApiError, type Client, type DeploymentView } from '@switchyard/client';
import { AppName, DeploymentId } from '@switchyard/domain';
import { CommandError } from './command-error.ts';

export const DEPLOYMENT = 'its id, an app and a number (hello#3), or an app for its newest';

export type DeploymentWord =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'numbered'; readonly app: string; readonly number: number }
  | { readonly kind: 'newest'; readonly app: string };

/** What a person may call a deployment: its id, `hello#3`, or an app's name for its newest. */
export function parseDeploymentWord(word: string): DeploymentWord {
  if (DeploymentId.safeParse(word).success) return { kind: 'id', id: word };
  const [, app = '', number] = /^([^#]+)(?:#([1-9]\d{0,8}))?$/.exec(word) ?? [];
  if (!AppName.safeParse(app).success) {
    throw new CommandError(
      `\`${word}\` is no deployment. Give its id (dep_…), an app and a number (hello#3, in quotes where the shell needs it), or an app's name for its newest.`,
    );
  }
  return number === undefined ? { kind: 'newest', app } : { kind: 'numbered', app, number: Number(number) };
}

export async function findDeployment(client: Client, word: string): Promise<DeploymentView> {
  const parsed = parseDeploymentWord(word);
  if (parsed.kind === 'id') return await client.deployment(parsed.id);
  const id =
    parsed.kind === 'newest' ? await newest(client, parsed.app) : await numbered(client, parsed.app, parsed.number);
  if (id === null)
    throw new CommandError(`${word} does not exist. \`switchyard status ${parsed.app}\` lists the app's deployments.`);
  return await client.deployment(id);
}

async function newest(client: Client, app: string): Promise<string | null> {
  const { deployments } = await withKnownApps(client, () => client.deployments(app, { limit: 1 }));
  const [first] = deployments;
  if (first === undefined)
    throw new CommandError(`${app} has no deployments yet. \`switchyard deploy ${app}\` makes the first.`);
  return first.id;
}

async function numbered(client: Client, app: string, number: number): Promise<string | null> {
  let before: string | undefined;
  do {
    const page = await withKnownApps(client, () => client.deployments(app, { before, limit: 100 }));
    const found = page.deployments.find((deployment) => deployment.number === number);
    if (found !== undefined) return found.id;
    if ((page.deployments.at(-1)?.number ?? 0) < number) return null;
    before = page.next ?? undefined;
  } while (before !== undefined);
  return null;
}

/** Says which apps there are when the one that was asked for is not among them. */
export async function withKnownApps<Value>(client: Client, ask: () => Promise<Value>): Promise<Value> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'app-not-found') throw error;
    const names = (await client.listApps().catch(() => [])).map((app) => app.name);
    const known =
      names.length === 0
        ? 'There are no apps yet; `switchyard apps create NAME --repository URL` makes one.'
        : `Apps: ${names.join(', ')}.`;
    throw new CommandError(`${error.message} ${known}`);
  }
}
