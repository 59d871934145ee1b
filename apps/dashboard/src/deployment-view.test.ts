import type { DeploymentView } from '@switchyard/client';
import { type DeploymentEvent, STAGES } from '@switchyard/domain';
import { describe, expect, test } from 'vitest';
import { foldEvent, mayCancel, mayForce, shownStatus } from './deployment-view.ts';

const queued: DeploymentView = {
  id: 'dep_abcdef',
  teamId: 'team_default',
  appId: 'app_abcdef',
  environmentId: 'env_abcdef',
  number: 3,
  trigger: 'api',
  repository: 'https://git.example/hello.git',
  ref: null,
  pushed: null,
  upload: null,
  reuse: 'all',
  retryOf: null,
  commit: null,
  status: 'queued',
  outcome: null,
  step: 'pin',
  placement: 'any',
  waiting: null,
  wait: null,
  cancelRequestedAt: null,
  cancelForcedAt: null,
  stages: STAGES.map((name) => ({
    name,
    status: 'pending',
    attempts: [],
    startedAt: null,
    endedAt: null,
    cache: null,
    note: null,
  })),
  plan: null,
  artifacts: {},
  diagnosis: null,
  createdAt: 100,
  startedAt: null,
  liveAt: null,
  turnedBackAt: null,
  endedAt: null,
  app: 'hello',
  environment: 'production',
  url: 'http://hello.localhost:7080',
  page: '/deployments/dep_abcdef',
};

let nextId = 0;
const event = (type: DeploymentEvent['type'], at: number, data: object): DeploymentEvent =>
  ({ id: (nextId += 1), type, at, deploymentId: queued.id, data }) as DeploymentEvent;
const fold = (view: DeploymentView, events: readonly DeploymentEvent[]): DeploymentView =>
  events.reduce(foldEvent, view);
const stage = (view: DeploymentView, name: string) => view.stages.find((record) => record.name === name)!;

const wholeRun = [
  event('deployment.queued', 100, { number: 3, trigger: 'api', ref: null, reuse: 'all' }),
  event('deployment.pinned', 110, {
    commit: { sha: 'a'.repeat(40), branch: 'main', message: 'm', author: 'a', at: 1 },
  }),
  event('stage.started', 120, { stage: 'source', attempt: 1 }),
  event('stage.failed', 130, { stage: 'source', attempt: 1, note: 'no answer', retryAt: 140 }),
  event('stage.started', 140, { stage: 'source', attempt: 2 }),
  event('stage.succeeded', 150, {
    stage: 'source',
    attempt: 2,
    cache: { result: 'miss', key: 'k', because: null },
    note: 'fetched',
  }),
  event('stage.skipped', 160, { stage: 'migrate', note: 'nothing to run' }),
  event('stage.started', 170, { stage: 'switch', attempt: 1 }),
  event('deployment.live', 180, { releaseId: 'rel_abcdef' }),
  event('stage.succeeded', 190, { stage: 'switch', attempt: 1, cache: null, note: null }),
  event('deployment.decided', 200, { outcome: 'succeeded', diagnosis: null }),
  event('deployment.ended', 210, { outcome: 'succeeded' }),
];

test('events alone lead from queued to the end', () => {
  const ended = fold(queued, wholeRun);
  expect(ended).toMatchObject({ status: 'succeeded', outcome: 'succeeded', liveAt: 180, endedAt: 210, startedAt: 120 });
  expect(ended.commit?.branch).toBe('main');
  expect(stage(ended, 'source')).toMatchObject({ status: 'succeeded', startedAt: 120, endedAt: 150, note: 'fetched' });
  expect(stage(ended, 'source').attempts.map(({ result }) => result)).toEqual(['failed', 'succeeded']);
  expect(stage(ended, 'migrate')).toMatchObject({ status: 'skipped', note: 'nothing to run' });
});

test('a failed attempt waits for the next one', () => {
  const waiting = fold(queued, wholeRun.slice(0, 4));
  expect(stage(waiting, 'source').status).toBe('waiting');
  expect(waiting.status).toBe('running');
});

describe('a record that is ahead of the events is not set back', () => {
  const ended = fold(queued, wholeRun);
  for (let known = 0; known <= wholeRun.length; known += 1) {
    test(`record read after ${known} events, stream read from the first`, () => {
      expect(fold(fold(queued, wholeRun.slice(0, known)), wholeRun)).toEqual(ended);
    });
  }
  test('the first event on the finished record', () => {
    for (const one of wholeRun) expect(foldEvent(ended, one)).toEqual(ended);
  });
});

test('a lost worker shows as waiting, with the attempt kept', () => {
  const lost = fold(queued, [
    event('stage.started', 1, { stage: 'build', attempt: 1 }),
    event('stage.lost', 2, { stage: 'build', attempt: 1, note: 'the worker was lost' }),
  ]);
  expect(stage(lost, 'build')).toMatchObject({ status: 'waiting', note: 'the worker was lost' });
  expect(stage(lost, 'build').attempts[0]?.result).toBe('lost');
});

test('the outcome is shown as soon as it is decided, and only what is not live can be cancelled', () => {
  const running = fold(queued, wholeRun.slice(0, 3));
  expect(shownStatus(running)).toBe('running');
  expect(mayCancel(running)).toBe(true);
  const live = fold(queued, wholeRun.slice(0, 9));
  expect(mayCancel(live)).toBe(false);
  expect(shownStatus(fold(queued, wholeRun.slice(0, 11)))).toBe('succeeded');
});

test('nothing stays on its way when a deployment has ended', () => {
  const ended = fold(queued, [
    event('stage.started', 1, { stage: 'source', attempt: 1 }),
    event('deployment.cancelling', 2, { force: false }),
    event('deployment.ended', 3, { outcome: 'cancelled' }),
  ]);
  expect(ended.status).toBe('cancelled');
  expect(stage(ended, 'source').status).toBe('cancelled');
});

test('ending a migration by force is offered once, and only while it is waited for', () => {
  const migrating = fold(queued, [event('stage.started', 1, { stage: 'migrate', attempt: 1 })]);
  expect(mayForce(migrating)).toBe(false);
  const waited = fold(migrating, [event('deployment.cancelling', 2, { force: false })]);
  expect(mayForce(waited)).toBe(true);
  const forced = fold(waited, [event('deployment.cancelling', 3, { force: true })]);
  expect(forced.cancelForcedAt).not.toBeNull();
  expect(mayForce(forced)).toBe(false);
  const building = fold(queued, [
    event('stage.started', 1, { stage: 'build', attempt: 1 }),
    event('deployment.cancelling', 2, { force: false }),
  ]);
  expect(mayForce(building)).toBe(false);
});
