import type { DeploymentView } from '@switchyard/client';
import {
  type Attempt,
  type DeploymentEvent,
  isFinal,
  isStageFinal,
  type StageName,
  type StageRecord,
} from '@switchyard/domain';

/**
 * Folds an event into a deployment as the page shows it. Events that the record knows already change nothing: the record is read once,
 * and the event stream is then read from its first event.
 */
export function foldEvent(view: DeploymentView, event: DeploymentEvent): DeploymentView {
  switch (event.type) {
    case 'deployment.queued':
    case 'log':
      return view;
    case 'deployment.pinned':
      return view.commit === null ? { ...view, commit: event.data.commit } : view;
    case 'deployment.planned':
      return view.plan === null ? { ...view, plan: event.data.plan } : view;
    case 'deployment.waiting':
      return isFinal(view.status) ? view : { ...view, waiting: event.data.reason };
    case 'deployment.cancelling':
      return isFinal(view.status)
        ? view
        : {
            ...view,
            status: 'cancelling',
            cancelRequestedAt: view.cancelRequestedAt ?? event.at,
            cancelForcedAt: view.cancelForcedAt ?? (event.data.force ? event.at : null),
          };
    case 'deployment.live':
      return view.liveAt === null ? { ...view, liveAt: event.at } : view;
    case 'deployment.decided':
      return {
        ...view,
        outcome: view.outcome ?? event.data.outcome,
        diagnosis: view.diagnosis ?? event.data.diagnosis,
      };
    case 'deployment.ended':
      return isFinal(view.status)
        ? view
        : {
            ...view,
            status: event.data.outcome,
            outcome: event.data.outcome,
            waiting: null,
            step: null,
            endedAt: view.endedAt ?? event.at,
            stages: view.stages.map(settled),
          };
    case 'stage.started': {
      const { stage, attempt } = event.data;
      const begun = inStage(view, stage, (record) => startAttempt(record, attempt, event.at));
      return begun === view
        ? view
        : {
            ...begun,
            status: view.status === 'queued' ? 'running' : view.status,
            startedAt: view.startedAt ?? event.at,
            waiting: null,
            step: stage,
          };
    }
    case 'stage.succeeded': {
      const { stage, attempt, cache, note } = event.data;
      return inStage(view, stage, (record) => ({
        ...endAttempt(record, attempt, 'succeeded', note, event.at),
        status: 'succeeded',
        endedAt: event.at,
        cache,
        note,
      }));
    }
    case 'stage.skipped':
      return inStage(view, event.data.stage, (record) => ({
        ...record,
        status: 'skipped',
        note: event.data.note,
        endedAt: event.at,
      }));
    case 'stage.failed': {
      const { stage, attempt, note, retryAt } = event.data;
      if (retryAt !== null && hasLater(view, stage, attempt)) return view;
      return inStage(view, stage, (record) => {
        const ended = endAttempt(record, attempt, 'failed', note, event.at);
        return retryAt === null
          ? { ...ended, status: 'failed', note, endedAt: event.at }
          : { ...ended, status: 'waiting', note };
      });
    }
    case 'stage.timed_out': {
      const { stage, attempt } = event.data;
      return inStage(view, stage, (record) => ({
        ...endAttempt(record, attempt, 'timed_out', null, event.at),
        status: 'timed_out',
        endedAt: event.at,
      }));
    }
    case 'stage.lost': {
      const { stage, attempt, note } = event.data;
      if (hasLater(view, stage, attempt)) return view;
      return inStage(view, stage, (record) => ({
        ...endAttempt(record, attempt, 'lost', note, event.at),
        status: 'waiting',
        note,
      }));
    }
    case 'stage.waiting': {
      const { stage, attempt, note, waitsFor } = event.data;
      if (hasLater(view, stage, attempt)) return view;
      return inStage(view, stage, (record) => ({
        ...endAttempt(record, attempt, 'waited', note, event.at, waitsFor),
        status: 'waiting',
        note,
      }));
    }
    case 'stage.cancelled':
      return inStage(view, event.data.stage, (record) => ({ ...record, status: 'cancelled', endedAt: event.at }));
    default:
      return view;
  }
}

/** What will come of it, as soon as that is known: while cleanup runs, the outcome already is. */
export function shownStatus({ status, outcome }: Pick<DeploymentView, 'status' | 'outcome'>): DeploymentView['status'] {
  return outcome ?? status;
}

export function mayCancel({ status, outcome, liveAt }: Pick<DeploymentView, 'status' | 'outcome' | 'liveAt'>): boolean {
  return outcome === null && liveAt === null && (status === 'queued' || status === 'running');
}

/** While its migration is waited for: it can be ended in the middle. */
export function mayForce({
  status,
  cancelForcedAt,
  stages,
}: Pick<DeploymentView, 'status' | 'cancelForcedAt' | 'stages'>): boolean {
  const migrates = stages.some((stage) => stage.name === 'migrate' && stage.status === 'running');
  return status === 'cancelling' && migrates && cancelForcedAt === null;
}

function inStage(view: DeploymentView, name: StageName, change: (record: StageRecord) => StageRecord): DeploymentView {
  const record = view.stages.find((stage) => stage.name === name);
  if (record === undefined || isStageFinal(record.status)) return view;
  const changed = change(record);
  return changed === record
    ? view
    : { ...view, stages: view.stages.map((stage) => (stage === record ? changed : stage)) };
}

function hasLater(view: DeploymentView, name: StageName, attempt: number): boolean {
  return (view.stages.find((stage) => stage.name === name)?.attempts.length ?? 0) > attempt;
}

function startAttempt(record: StageRecord, attempt: number, at: number): StageRecord {
  if (
    record.attempts.length > attempt ||
    (record.attempts.length === attempt && record.status !== 'pending' && record.status !== 'waiting')
  )
    return record;
  const begun: Attempt = {
    token: attempt,
    processId: null,
    startedAt: at,
    endedAt: null,
    result: 'running',
    note: null,
    memory: null,
    waitedFor: null,
  };
  const attempts = record.attempts.length >= attempt ? record.attempts : [...record.attempts, begun];
  return { ...record, status: 'running', startedAt: record.startedAt ?? at, attempts, note: null };
}

function endAttempt(
  record: StageRecord,
  attempt: number,
  result: Attempt['result'],
  note: string | null,
  at: number,
  waitedFor: number | null = null,
): StageRecord {
  return {
    ...record,
    attempts: record.attempts.map((known, index) =>
      index === attempt - 1 && known.result === 'running' ? { ...known, result, note, endedAt: at, waitedFor } : known,
    ),
  };
}

/** Stages that never came do not stay `waiting` or `running` on a deployment that has ended. */
function settled(record: StageRecord): StageRecord {
  return record.status === 'waiting' || record.status === 'running' ? { ...record, status: 'cancelled' } : record;
}
