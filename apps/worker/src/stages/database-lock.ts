import { createHash } from 'node:crypto';
import type { StepResult } from '@switchyard/queue';
import { StageStop } from '../stage-stop.ts';
import { insist } from '../waiting.ts';
import type { StageContext } from './stage.ts';

type Awaits = Extract<StepResult, { kind: 'awaits_database' }>;

/** What the migration changes: the databases that the variables name, and the one that the settings do. A file of its own is the environment's, and has the gate. */
function databasesOf({ deployment, variables }: StageContext): string[] {
  const named = deployment.settings?.values.migrationLock;
  if (named === undefined) return variables.databases();
  const own = createHash('sha256')
    .update(JSON.stringify([deployment.teamId, named]))
    .digest('hex');
  return [...variables.databases(), own];
}

/** Takes the databases for this deployment's migration; where another one comes first it waits, and holds no worker meanwhile. */
export async function lockDatabases(context: StageContext): Promise<Awaits | null> {
  const { records, lease, leave } = context;
  const names = databasesOf(context);
  const answer = await insist(leave, () => records.databases.lock(lease, names));
  switch (answer.answer) {
    case 'ours':
      return null;
    case 'lease-lost':
      throw new StageStop('lost');
    case 'line':
      return {
        kind: 'awaits_database',
        note: `Waits for the migration of ${whose(answer.of)}, which is of the same database.`,
      };
    case 'hold': {
      const release =
        answer.of === null
          ? 'Somebody has to look at it'
          : `Somebody has to look at it, and lift the hold (\`switchyard resume ${answer.of.app}\`)`;
      return {
        kind: 'awaits_database',
        note: `It is not known how far the migration of ${whose(answer.of)} came, which is of the same database. ${release}; \`switchyard resume ${context.app.name}\` lets this app go on alone.`,
      };
    }
  }
}

function whose(of: { app: string; number: number } | null): string {
  return of === null ? 'another team’s app' : `${of.app} #${of.number}`;
}
