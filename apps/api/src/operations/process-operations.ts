import { DrainRequest, ProcessList, ProcessView } from '@switchyard/client';
import { ProcessId, type ProcessOrder, type ProcessRecord, SwitchyardError } from '@switchyard/domain';
import type { Store } from '@switchyard/queue';
import type { Response } from 'express';
import { z } from 'zod';
import { NO_BODY, operation } from '../operation.ts';

const none = z.object({});
const ProcessPath = z.object({ id: ProcessId.meta({ description: 'As `GET /v1/processes` lists it.' }) });

const told = {
  202: {
    description: 'It is told, and hears it within moments; here it is as it was. It is listed until it has gone.',
    content: { 'application/json': ProcessView },
  },
};

export function viewProcess(record: ProcessRecord): ProcessView {
  const { id, kind, hostId, pid, version, metrics, startedAt, state, inHand } = record;
  return { id, kind, hostId, pid, version, metrics, startedAt, state, inHand };
}

async function tell(response: Response, store: Pick<Store, 'processes'>, id: ProcessId, order: ProcessOrder) {
  const record = await store.processes.tell(id, order);
  if (record === null)
    throw new SwitchyardError(
      'process-not-found',
      `No process ${id} is alive; \`GET /v1/processes\` lists those that are.`,
    );
  response.status(202).json(viewProcess(record));
}

const listProcesses = operation({
  id: 'listProcesses',
  method: 'get',
  path: '/v1/processes',
  tag: 'System',
  access: 'operator',
  summary: 'List Switchyard’s own processes',
  description:
    'Those that are alive, oldest first of each kind. `inHand` counts what a drain waits for: stages of a worker, requests and streams of an api, requests and connections of a router, starts and commands of a runner.',
  params: none,
  query: none,
  body: NO_BODY,
  answers: { 200: { description: 'The processes.', content: { 'application/json': ProcessList } } },
  errors: [],
  async handle({ response }, { store }) {
    const alive = await store.processes.alive();
    response.json({ processes: alive.toSorted((a, b) => a.startedAt - b.startedAt).map(viewProcess) });
  },
});

const quietProcess = operation({
  id: 'quietProcess',
  method: 'post',
  path: '/v1/processes/{id}/quiet',
  tag: 'System',
  access: 'operator',
  summary: 'Give a process nothing new',
  description:
    'It goes on with what it has. A worker takes no more stages, a runner starts nothing that it does not look after yet; a router and an api go on answering, and say on `/readyz` of their address for metrics that a balancer should ask another. There is no way back: drain it and start another.',
  params: ProcessPath,
  query: none,
  body: z.strictObject({}),
  answers: told,
  errors: ['process-not-found'],
  async handle({ params, response }, { store }) {
    await tell(response, store, params.id, { order: 'quiet' });
  },
});

const drainProcess = operation({
  id: 'drainProcess',
  method: 'post',
  path: '/v1/processes/{id}/drain',
  tag: 'System',
  access: 'operator',
  summary: 'Let a process end in order',
  description:
    'As SIGTERM does: it takes nothing new, lets what it has in hand end until the deadline, hands back the rest, and exits with 0. Whoever supervises it starts it again.',
  params: ProcessPath,
  query: none,
  body: DrainRequest,
  answers: told,
  errors: ['process-not-found'],
  async handle({ params, body, response }, { store }) {
    await tell(response, store, params.id, { order: 'drain', deadlineMs: body.deadlineMs ?? null });
  },
});

const killProcess = operation({
  id: 'killProcess',
  method: 'post',
  path: '/v1/processes/{id}/kill',
  tag: 'System',
  access: 'operator',
  summary: 'End a process at once',
  description:
    'As `kill -9` does. Nothing is lost: a worker’s stages are taken over when their leases have run out, within 20 s.',
  params: ProcessPath,
  query: none,
  body: z.strictObject({}),
  answers: told,
  errors: ['process-not-found'],
  async handle({ params, response }, { store }) {
    await tell(response, store, params.id, { order: 'kill' });
  },
});

export const processOperations = [listProcesses, quietProcess, drainProcess, killProcess];
