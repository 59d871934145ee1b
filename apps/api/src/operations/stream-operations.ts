import { DeploymentEvent, isFinal, StageName, SwitchyardError } from '@switchyard/domain';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { requireDeployment } from '../deployment-views.ts';
import { eventFrames, FAREWELL, GREETING, HEARTBEAT } from '../events/event-frames.ts';
import { endsStage, logEventsOf, logText } from '../events/log-lines.ts';
import { type EventBatch, readEvents } from '../events/read-events.ts';
import { sendStream } from '../events/send-stream.ts';
import { NO_BODY, operation } from '../operation.ts';
import { DeploymentPath } from './deployment-operations.ts';

export const eventId = z
  .string()
  .regex(/^\d{1,10}$/, 'the id of an event')
  .transform(Number);

/** `?follow`, `?follow=1`; not `?follow=0`. */
export const isFlagSet = z
  .enum(['', '0', '1', 'false', 'true'])
  .optional()
  .transform((value) => value !== undefined && value !== '0' && value !== 'false');

/** A HEAD asks whether there is something to read; it must not wait for the end of it. */
export function answerHead(request: Request, response: Response, type: string): boolean {
  if (request.method !== 'HEAD') return false;
  response.status(200).set('Content-Type', type).end();
  return true;
}

export function lastEventId(header: string | undefined, query: number | undefined): number {
  if (header === undefined || header === '') return query ?? 0;
  const parsed = eventId.safeParse(header);
  if (!parsed.success)
    throw new SwitchyardError('invalid-input', 'Last-Event-ID is the id of an event: a whole number.');
  return parsed.data;
}

const EVENT_STREAM = 'text/event-stream; charset=utf-8';

const streamEvents = operation({
  id: 'streamEvents',
  method: 'get',
  path: '/v1/deployments/{id}/events',
  tag: 'Deployments',
  access: 'token',
  summary: 'Follow a deployment',
  description:
    'Server-sent events: `id` is the event’s id, which counts from 1 without gaps, `event` its type, `data` the event as JSON. The stream ends after `deployment.ended`. A reader that lost its connection sends the last id that it has and misses and repeats nothing, also long after; a reader that falls far behind is cut and may resume the same way.',
  params: DeploymentPath,
  query: z.object({
    after: eventId
      .optional()
      .meta({ description: 'As `Last-Event-ID`, for those that can’t send headers.', type: 'integer' }),
  }),
  headers: z.object({
    'Last-Event-ID': z.string().optional().meta({ description: 'Id of the last event that is known already.' }),
  }),
  body: NO_BODY,
  answers: {
    200: {
      description: 'Events, from the first or after the one that was named.',
      content: { 'text/event-stream': DeploymentEvent },
    },
    204: { description: 'The deployment has ended and all its events are known; a browser does not connect again.' },
  },
  errors: ['deployment-not-found'],
  async handle({ params, query, request, response }, { store, archive, readers }) {
    const deployment = await requireDeployment(store, params.id);
    const after = lastEventId(request.get('last-event-id'), query.after);
    if (isFinal(deployment.status) && after >= deployment.sequence) {
      response.status(204).end();
      return;
    }
    if (answerHead(request, response, EVENT_STREAM)) return;
    await sendStream<EventBatch>(
      response,
      readers,
      {
        type: EVENT_STREAM,
        greeting: GREETING,
        heartbeat: HEARTBEAT,
        farewell: FAREWELL,
        encode: ({ events }) => eventFrames(events),
      },
      (signal) => readEvents({ store, archive }, deployment.id, { after, follow: true, signal }),
    );
  },
});

const readLogs = operation({
  id: 'readLogs',
  method: 'get',
  path: '/v1/deployments/{id}/logs',
  tag: 'Deployments',
  access: 'token',
  summary: 'Read a deployment’s log',
  description:
    'During a deployment and long after. As `text/plain` it holds the lines of output and nothing else, attempts in their order. With `Accept: application/x-ndjson` it comes as `log` events, which say stage, attempt and line numbers.',
  params: DeploymentPath,
  query: z.object({
    stage: StageName.optional().meta({ description: 'Only this stage.' }),
    follow: isFlagSet.meta({ description: 'Stay until the stage, or the deployment, has ended.' }),
  }),
  body: NO_BODY,
  answers: {
    200: {
      description: 'The log.',
      content: { 'text/plain': z.string(), 'application/x-ndjson': DeploymentEvent },
    },
  },
  errors: ['deployment-not-found'],
  async handle({ params, query, request, response }, { store, archive, readers }) {
    const deployment = await requireDeployment(store, params.id);
    const stage = query.stage ?? null;
    const asEvents = request.accepts(['text/plain', 'application/x-ndjson']) === 'application/x-ndjson';
    const type = `${asEvents ? 'application/x-ndjson' : 'text/plain'}; charset=utf-8`;
    response.vary('Accept');
    if (answerHead(request, response, type)) return;
    await sendStream<EventBatch>(
      response,
      readers,
      {
        type,
        encode({ events }) {
          const logs = logEventsOf(events, stage);
          return asEvents ? logs.map((event) => `${JSON.stringify(event)}\n`).join('') : logText(logs);
        },
        isLast: ({ events }) => query.follow && stage !== null && endsStage(events, stage),
      },
      (signal) => readEvents({ store, archive }, deployment.id, { after: 0, follow: query.follow, signal }),
    );
  },
});

export const streamOperations = [streamEvents, readLogs];
