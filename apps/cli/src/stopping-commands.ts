import { type Client, type DeploymentView, printable } from '@switchyard/client';
import { CommandError, EXIT } from './command-error.ts';
import type { Context } from './commands.ts';
import { findDeployment, withKnownApps } from './find-deployment.ts';

const FORCE_WARNING =
  'This ends the migration in the middle. Nobody knows then how far it came: the database may be changed by half, and nothing of the app is deployed until somebody has looked at it and says `switchyard resume`.';

interface CancelOptions {
  readonly follow: boolean;
  readonly force?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export async function cancel(context: Context, word: string, options: CancelOptions): Promise<number> {
  const { client, terminal } = context;
  const { force = false, follow, json } = options;
  const found = await findDeployment(client, word);
  if (force) await confirmForce(context, found, options);
  const asked = await client.cancel(found.id, { force });
  if (follow && !force && migrates(asked))
    terminal.note(
      `Its migration has begun and is let to its end. \`switchyard cancel ${found.id} --force\` ends it in the middle.`,
    );
  if (follow) await untilEnded(client, found.id);
  const deployment = follow ? await client.deployment(found.id) : asked;
  if (json) terminal.json(deployment);
  else
    terminal.print(
      `${terminal.colors.bold(`${deployment.app} #${deployment.number}`)} ${deployment.status.replace('_', ' ')}`,
    );
  return EXIT.ok;
}

const migrates = ({ stages }: DeploymentView): boolean =>
  stages.some(({ name, status }) => name === 'migrate' && status === 'running');

/** A person types the app's name; a script says `--yes`. */
async function confirmForce(
  { terminal }: Context,
  { app, number }: DeploymentView,
  { yes }: CancelOptions,
): Promise<void> {
  terminal.note(FORCE_WARNING);
  if (yes === true) return;
  const typed = await terminal.ask(`Type ${app} to end the migration of #${number}: `);
  if (typed === null) throw new CommandError('Nobody is here to confirm it; add `--yes`.');
  if (typed.trim() !== app) throw new CommandError('Not confirmed; nothing was done.');
}

async function untilEnded(client: Client, id: string): Promise<void> {
  const events = client.events(id);
  while ((await events.next()).done !== true) {
    // Each event only says that the end is nearer.
  }
}

/** Lifts the hold of a rollback, or of a migration of which nobody knows how far it came. */
export async function resume(
  { client, terminal }: Context,
  app: string,
  { json }: { json?: boolean },
): Promise<number> {
  const { environments } = await withKnownApps(client, () => client.app(app));
  const production = environments.find(({ name }) => name === 'production');
  if (production === undefined) throw new CommandError(`${app} has no production environment.`);
  const resumed = await client.releaseHold(production.id);
  const { hold } = production;
  if (json) terminal.json(resumed);
  else
    terminal.print(hold === null ? `${app} was not held.` : `${app} goes on. It was held: ${printable(hold.reason)}`);
  return EXIT.ok;
}
