import { hostOf, type OneOff, type Plan, SwitchyardError } from '@switchyard/domain';
import { snapshotKey } from '../cache-key.ts';
import { StageStop, stopReasonOf } from '../stage-stop.ts';
import { insist, waitUntil } from '../waiting.ts';
import { lockDatabases } from './database-lock.ts';
import { limitsOf } from './limits-of.ts';
import { exitNote } from './run-commands.ts';
import { runEnvironment } from './run-environment.ts';
import { builtTree, planOf, type Stage, type StageContext, type StageFailure } from './stage.ts';
import { assertStillOurs } from './still-ours.ts';

const OUTPUT_POLL_MS = 150;
const OUTPUT_BYTES = 256 * 1024;
/** The runner ends a migration at its time limit; one that runs for so much longer has been lost. */
const OVERDUE_MS = 60_000;

/** What a person has to do once a migration has ended somewhere in the middle. */
function advice({ app, environment }: Pick<StageContext, 'app' | 'environment'>): string {
  return `Look at the database, and repair it where it was changed by half. Until you lift the hold of ${app.name} nothing is deployed: \`switchyard resume ${app.name}\` (POST /v1/environments/${environment.id}/release). The next deployment runs its migration command, from its beginning.`;
}

/** Copies the command's output into the log, from its beginning. */
function outputOf(context: StageContext, oneOff: OneOff): () => Promise<void> {
  let offset = 0;
  return async () => {
    if (oneOff.hostId !== context.hostId) return;
    for (;;) {
      // Before it has started there is nothing to read.
      const piece = await context.readOutput(oneOff.id, offset, OUTPUT_BYTES).catch(() => null);
      if (piece === null || piece.next === offset) return;
      offset = piece.next;
      context.log.output(piece.bytes);
    }
  };
}

function wantedOneOff(context: StageContext, command: string): OneOff {
  const { deployment, farm, ids, clock } = context;
  const plan = planOf(context);
  const snapshot = builtTree(context);
  return {
    v: 1,
    id: ids('run'),
    farmId: farm.id,
    epoch: farm.epoch,
    hostId: hostOf(snapshot.placement) ?? context.hostId,
    teamId: deployment.teamId,
    appId: deployment.appId,
    environmentId: deployment.environmentId,
    deploymentId: deployment.id,
    snapshot,
    command,
    runtime: plan.runtime,
    persist: plan.persist,
    root: plan.root,
    env: runEnvironment(context, deployment.commit),
    timeLimitMs: context.timeLimitMs,
    limits: limitsOf(context, plan, 'build'),
    state: 'wanted',
    exit: null,
    endRequestedAt: null,
    createdAt: clock(),
    startedAt: null,
    endedAt: null,
  };
}

/**
 * Follows the command to its end. One that has started is never interrupted from here: a migration that is cut off in the middle is
 * worse than one that is waited for. One that has not started yet is withdrawn when the deployment is to end; not when this worker
 * leaves, since another follows it.
 */
async function follow(context: StageContext, oneOff: OneOff): Promise<OneOff | null> {
  const { records, signal, leave, log, clock } = context;
  const copyOutput = outputOf(context, oneOff);
  let saidThatItWaits = false;

  const look = async (): Promise<{ last: OneOff | null } | null> => {
    await copyOutput();
    const now = await records.oneOffs.get(oneOff.id);
    if (now === null) return { last: null };
    if (now.state !== 'wanted' && now.state !== 'running') {
      await copyOutput();
      return { last: now };
    }
    if (now.startedAt !== null && clock() > now.startedAt + now.timeLimitMs + OVERDUE_MS) return { last: null };
    if (!signal.aborted || leave.aborted) return null;
    if (now.state === 'wanted') {
      await assertStillOurs(context);
      if (!leave.aborted) await records.oneOffs.withdraw(now.id);
      return null;
    }
    if (!saidThatItWaits) log.say('The migration has begun: waiting for its end.');
    saidThatItWaits = true;
    return null;
  };
  const found = await waitUntil(look, {
    onHint: (listener) => {
      signal.addEventListener('abort', listener, { once: true });
      const unsubscribe = records.oneOffs.onAdvance((id) => {
        if (id === oneOff.id) listener();
      });
      return () => {
        signal.removeEventListener('abort', listener);
        unsubscribe();
      };
    },
    until: null,
    signal: leave,
    clock,
    pollMs: OUTPUT_POLL_MS,
  });
  return found?.last ?? null;
}

function unknownOutcome(context: StageContext, command: string, isForced: boolean): StageFailure {
  const { deployment } = context;
  const [note, what] = isForced
    ? ['The migration was ended by force; how far it came is not known.', 'It was ended by force, as was asked for.']
    : ['The host lost the migration; its outcome is unknown.', 'Its host lost it.'];
  return {
    kind: 'failed',
    note,
    exit: null,
    command,
    error: new SwitchyardError(
      'migration-outcome-unknown',
      `${what} It is not known how far the migration came. ${advice(context)}`,
    ),
    hold: `how far the migration of #${deployment.number} came is not known, since ${isForced ? 'it was ended by force' : 'its host lost it'}`,
  };
}

function outOfTime(context: StageContext): StageStop {
  return new StageStop('time-limit', {
    reason: `how far the migration of #${context.deployment.number} came is not known, since it took longer than its limit`,
    advice: `It is not known how far the migration came. ${advice(context)}`,
  });
}

/** Follows the deployment's command to its end: the one that an earlier attempt started, else a new one. */
async function runOnce(context: StageContext, command: string): Promise<OneOff | null> {
  const { records, lease, log, signal, leave } = context;
  for (;;) {
    const wanted = wantedOneOff(context, command);
    const oneOff = await insist(leave, () => records.oneOffs.desire(lease, wanted));
    if (oneOff === null) throw new StageStop('lost');
    context.faultPoint('desired');
    log.say(`$ ${command}`);
    if (oneOff.id !== wanted.id) log.say('It was started before; following it from its beginning.');
    const last = await follow(context, oneOff);
    if (last?.state !== 'cancelled') return last;
    if (signal.aborted) throw signal.reason;
    // Withdrawn before it started, though nobody wants the deployment to end (any more): it is still to be run.
    log.say('It was withdrawn before it started; starting it anew.');
    await assertStillOurs(context);
    await insist(leave, () => records.oneOffs.remove(oneOff.id));
  }
}

/** Names a migration by all that it runs on and with: where nothing of it has changed, a retry has no reason to run it again. */
function migrationKey(context: StageContext, plan: Plan, command: string): string {
  return snapshotKey('mig', {
    tree: builtTree(context).key,
    command,
    root: plan.root,
    runtime: JSON.stringify(plan.runtime),
    ...context.variables.runInputs(),
  });
}

/** Runs the migration command on the built tree, under the runner: it goes on when this worker is lost, and is never run twice. */
export const migrate: Stage = async (context) => {
  const { deployment, variables, signal } = context;
  const plan = planOf(context);
  if (plan.migrate === null) return { kind: 'skipped', note: 'There is no migration command.' };
  const { command } = plan.migrate;
  // The runner opens them itself; here is where it is said when that can't be.
  variables.check();

  const migrated = migrationKey(context, plan, command);
  if (deployment.artifacts.migrated === migrated)
    return { kind: 'skipped', note: `#${deployment.retryOf?.number ?? deployment.number} ran it, on the same tree.` };
  const waits = await lockDatabases(context);
  if (waits !== null) return waits;
  const last = await runOnce(context, command);
  if (last === null || last.state === 'unknown')
    return unknownOutcome(context, command, last !== null && last.endRequestedAt !== null);
  const exit = { code: last.exit?.code ?? null, signal: last.exit?.signal ?? null };
  const memory = last.exit?.memory ?? null;
  if (memory !== null) context.memory.see(memory);
  if (last.exit?.timedOut === true) throw outOfTime(context);
  // The command has ended, whichever way: now the deployment may. The stage's own limit says nothing about a command that is through.
  if (stopReasonOf(signal) === 'cancel') throw signal.reason;
  if (exit.code === 0) return { kind: 'succeeded', artifacts: { migrated } };
  const seen = memory === null ? {} : { context: { memory } };
  return { kind: 'failed', note: exitNote(command, exit, memory), exit, command, error: null, ...seen };
};
