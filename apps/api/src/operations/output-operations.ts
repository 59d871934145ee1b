import { InstanceId, LIMITS, OutputEvent } from '@switchyard/domain';
import { z } from 'zod';
import { requireApp, requireProduction } from '../app-views.ts';
import { FAREWELL, GREETING, HEARTBEAT } from '../events/event-frames.ts';
import { sendStream } from '../events/send-stream.ts';
import { NO_BODY, operation } from '../operation.ts';
import { isKept, type OutputFilter } from '../output/output-history.ts';
import { outputFrames, outputText } from '../output/output-text.ts';
import { type OutputBatch, type OutputStart, readOutput } from '../output/read-output.ts';
import { AppPath } from './app-operations.ts';
import { answerHead, eventId, isFlagSet, lastEventId } from './stream-operations.ts';

const time = z
  .string()
  .max(40)
  .transform((text) => (/^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text)))
  .refine((at) => Number.isFinite(at), 'a time: milliseconds since 1970, or as in 2026-11-24T12:00:00Z');

const tail = z
  .string()
  .regex(/^\d{1,6}$/, 'a number of lines')
  .transform(Number)
  .refine((lines) => lines <= LIMITS.maxOutputTailLines, `at most ${LIMITS.maxOutputTailLines} lines`);

const OutputQuery = z.object({
  tail: tail.optional().meta({
    description: `The last lines of those that are asked for; ${LIMITS.outputTailLines} when neither this nor \`since\` is given.`,
    type: 'integer',
    maximum: LIMITS.maxOutputTailLines,
  }),
  since: time.optional().meta({
    description: 'Only what was printed from then on: milliseconds since 1970, or a time such as 2026-11-24T12:00:00Z.',
    type: 'string',
  }),
  instance: InstanceId.optional().meta({ description: 'Only of this instance.' }),
  deployment: z
    .string()
    .regex(/^[1-9]\d{0,8}$/, 'the number of a deployment')
    .transform(Number)
    .optional()
    .meta({ description: 'Only of instances of the deployment with this number.', type: 'integer' }),
  follow: isFlagSet.meta({ description: 'Stay, and get what is printed as it is.' }),
  after: eventId
    .optional()
    .meta({ description: 'As `Last-Event-ID`, for those that can’t send headers.', type: 'integer' }),
});
type OutputQuery = z.infer<typeof OutputQuery>;

function filterOf({ since, instance, deployment }: OutputQuery, clock: () => number): OutputFilter {
  return (event) =>
    isKept(event, clock()) &&
    (since === undefined || event.at >= since) &&
    (instance === undefined || event.instanceId === instance) &&
    (deployment === undefined || event.number === deployment);
}

function startOf({ tail: lines, since }: OutputQuery, after: number): OutputStart {
  if (after > 0) return { after };
  if (lines === undefined && since !== undefined) return { after: 0 };
  return { lines: lines ?? LIMITS.outputTailLines };
}

const FORMATS = {
  'text/plain': { encode: ({ events }: OutputBatch) => outputText(events) },
  'application/x-ndjson': {
    encode: ({ events }: OutputBatch) => events.map((event) => `${JSON.stringify(event)}\n`).join(''),
  },
  'text/event-stream': {
    greeting: GREETING,
    heartbeat: HEARTBEAT,
    farewell: FAREWELL,
    encode: ({ events }: OutputBatch) => outputFrames(events),
  },
} as const;
const TYPES = ['text/plain', 'application/x-ndjson', 'text/event-stream'] as const;

const readAppOutput = operation({
  id: 'readAppOutput',
  method: 'get',
  path: '/v1/apps/{app}/logs',
  tag: 'Apps',
  access: 'token',
  summary: 'Read what an app’s instances print',
  description:
    'Of all its instances, old ones and those that have crashed included, as long as it is kept. As `text/plain` the lines and nothing else; as `application/x-ndjson` events that say when, which instance and which deployment; as `text/event-stream` the same events as they happen, always followed: `id` is the event’s id, and a reader that lost its connection sends the last id that it has and misses and repeats nothing. An instance that prints more than it may has lines left out, with a mark that counts them. A reader that falls far behind is cut and may resume.',
  params: AppPath,
  query: OutputQuery,
  headers: z.object({
    'Last-Event-ID': z.string().optional().meta({ description: 'Id of the last event that is known already.' }),
  }),
  body: NO_BODY,
  answers: {
    200: {
      description: 'The output.',
      content: { 'text/plain': z.string(), 'application/x-ndjson': OutputEvent, 'text/event-stream': OutputEvent },
    },
  },
  errors: ['app-not-found'],
  async handle({ params, query, request, response }, { store, outputArchive, readers, clock }) {
    const app = await requireApp(store, params.app);
    const { id } = await requireProduction(store, app);
    const accepted = request.accepts([...TYPES]);
    const type = TYPES.find((one) => one === accepted) ?? 'text/plain';
    const contentType = `${type}; charset=utf-8`;
    response.vary('Accept');
    if (answerHead(request, response, contentType)) return;
    const start = startOf(query, lastEventId(request.get('last-event-id'), query.after));
    await sendStream(response, readers, { type: contentType, ...FORMATS[type] }, (signal) =>
      readOutput({ output: store.output, outputArchive }, id, {
        start,
        follow: query.follow || type === 'text/event-stream',
        isWanted: filterOf(query, clock),
        isThere: async () => (await store.apps.get(app.id))?.deleting === false,
        signal,
      }),
    );
  },
});

export const outputOperations = [readAppOutput];
